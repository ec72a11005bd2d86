import { describe, expect, it } from '@jest/globals';
import { maskSecrets, parseAs, Setting, settingsOf, settingsSchema, withDefaults, WithoutSettings } from './index.js';

class Sample {
  @Setting({ type: 'url', title: 'Base URL', help: 'Where it is.', default: 'https://example.com' })
  baseUrl: string;
  @Setting({ type: 'string', title: 'Key', help: 'A key.', required: true, secret: true })
  apiKey: string;
  @Setting({ type: 'duration', title: 'Grace', help: 'How long.', default: '10s' })
  grace: string;
  @Setting({ type: 'duration', canBeOff: true, title: 'Interval', help: 'How often.' })
  interval: string;
  @Setting({ type: 'duration', canBeOff: true, title: 'Turn', help: 'How often.', min: '1s', max: '24h' })
  turn: string;
  @Setting({ type: 'choice', title: 'Mode', help: 'Which.', choices: ['on', 'off'] })
  mode: string;
  @Setting({ type: 'object', title: 'Extra', help: 'Anything.' })
  extra: object;
}

describe('settings', () => {
  it('accepts valid settings and fills in the defaults', () => {
    const { value, errors } = parseAs(Sample, { apiKey: 'k', baseUrl: 'http://localhost:4000' });
    expect(errors).toEqual([]);
    for (const interval of ['off', '5m']) expect(parseAs(Sample, { apiKey: 'k', interval }).errors).toEqual([]);
    for (const turn of ['off', '1s', '24h']) expect(parseAs(Sample, { apiKey: 'k', turn }).errors).toEqual([]);
    expect(withDefaults(Sample, value)).toMatchObject({ apiKey: 'k', baseUrl: 'http://localhost:4000', grace: '10s' });
  });

  it.each([
    [{}, '/apiKey', 'is missing'],
    [{ apiKey: 7 }, '/apiKey', 'must be a string (a number needs quotes)'],
    [{ apiKey: '' }, '/apiKey', 'must not be empty'],
    [{ apiKey: null }, '/apiKey', 'must be a string (a number needs quotes)'],
    [{ apiKey: 'k', baseUrl: 'ftp://x' }, '/baseUrl', 'must be an http or https URL'],
    [{ apiKey: 'k', grace: '10 seconds' }, '/grace', 'must be a duration such as 30s, 5m or 1h'],
    [{ apiKey: 'k', grace: null }, '/grace', 'must be a duration such as 30s, 5m or 1h'],
    [{ apiKey: 'k', grace: 'off' }, '/grace', 'must be a duration such as 30s, 5m or 1h'],
    [{ apiKey: 'k', interval: 'never' }, '/interval', 'must be a duration such as 30s, 5m or 1h, or off'],
    [{ apiKey: 'k', turn: '999ms' }, '/turn', 'must be a duration from 1s to 24h, or off'],
    [{ apiKey: 'k', turn: '25h' }, '/turn', 'must be a duration from 1s to 24h, or off'],
    [{ apiKey: 'k', mode: 'maybe' }, '/mode', 'must be one of on, off'],
    [{ apiKey: 'k', extra: [] }, '/extra', 'must be an object'],
    [{ apiKey: 'k', 'a/b': 1 }, '/a~1b', 'is not a known field: remove it or check its spelling'],
    [{ apiKey: 'k', constructor: 1 }, '/constructor', 'is not a known field: remove it or check its spelling'],
  ])('refuses %j and names %s', (plain, pointer, detail) => {
    expect(parseAs(Sample, plain).errors).toEqual([{ pointer, detail }]);
  });

  it('may be none at all: then nothing may be given', () => {
    class Nothing {}
    expect(parseAs(Nothing, {}).errors).toEqual([]);
    const detail = 'is not a known field: remove it or check its spelling';
    expect(parseAs(Nothing, { 'a/b': 1, c: {}, constructor: 1 }, '/settings').errors).toEqual([
      { pointer: '/settings/constructor', detail },
      { pointer: '/settings/a~1b', detail },
      { pointer: '/settings/c', detail },
    ]);
  });

  it('refuses what is no object', () => {
    expect(parseAs(Sample, []).errors).toEqual([{ pointer: '', detail: 'must be a JSON object' }]);
  });

  it('takes free-form JSON over untouched, whatever its keys are called', () => {
    const extra = JSON.parse('{"constructor":1,"then":{"a":[1]},"deep":{"x":null}}') as object;
    expect(parseAs(Sample, { apiKey: 'k', extra }).value.extra).toBe(extra);
  });

  it('publishes a JSON Schema in which secrets are write-only', () => {
    expect(settingsSchema(Sample)).toMatchObject({
      type: 'object',
      required: ['apiKey'],
      additionalProperties: false,
      properties: {
        apiKey: { type: 'string', title: 'Key', description: 'A key.', writeOnly: true },
        baseUrl: { type: 'string', format: 'uri', default: 'https://example.com' },
        mode: { enum: ['on', 'off'] },
        grace: { pattern: '^[0-9]{1,9}(ms|s|m|h|d)$' },
        interval: { pattern: '^(off|[0-9]{1,9}(ms|s|m|h|d))$' },
      },
    });
  });

  it('masks secrets', () => {
    expect(maskSecrets(Sample, { apiKey: 'k', grace: '1s' })).toEqual({ apiKey: '••••', grace: '1s' });
  });

  it('may be declared anew, as required or no longer', () => {
    class Strict extends Sample {
      @Setting({ type: 'choice', title: 'Mode', help: 'Which.', choices: ['on'], required: true })
      override mode: string;
      @Setting({ type: 'string', title: 'Key', help: 'A key.', secret: true })
      override apiKey: string;
    }
    expect(parseAs(Strict, {}).errors.map(({ pointer }) => pointer)).toEqual(['/mode']);
    expect(parseAs(Strict, { mode: 'off' }).errors.map(({ pointer }) => pointer)).toEqual(['/mode']);
    expect(parseAs(Strict, { mode: 'on' }).errors).toEqual([]);
  });
});

describe('settings that are taken away', () => {
  class All {
    @Setting({ type: 'duration', title: 'Tolerance', help: 'How old it may be.', default: '5m' })
    tolerance: string;
    @Setting({ type: 'string', title: 'Key', help: 'What proves who asks.', required: true })
    key: string;
  }
  @WithoutSettings('tolerance')
  class Fewer extends All {}

  it('are declared no more, have no default, and are refused by their name', () => {
    expect(Object.keys(settingsOf(Fewer))).toEqual(['key']);
    expect(Object.keys(settingsOf(All)).sort()).toEqual(['key', 'tolerance']);
    expect(withDefaults(Fewer, parseAs(Fewer, { key: 'k' }).value)).not.toHaveProperty('tolerance');
    expect(parseAs(Fewer, { key: 'k' }).errors).toEqual([]);
    expect(parseAs(Fewer, { key: 'k', tolerance: '1m' }).errors).toEqual([
      { pointer: '/tolerance', detail: 'is no setting here' },
    ]);
    expect(parseAs(All, { key: 'k', tolerance: '1m' }).errors).toEqual([]);
  });
});

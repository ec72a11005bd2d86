import { constants, PerformanceObserver, type NodeGCPerformanceDetail } from 'node:perf_hooks';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { collectAfter } from './young-garbage.js';

const MIB = 1_048_576;

describe('collectAfter', () => {
  it('frees young garbage once for every two MiB that have passed, however small the pieces', async () => {
    let collections = 0;
    const seen = new Promise<void>((resolve) => {
      const observer = new PerformanceObserver((list) => {
        collections += list.getEntries().filter(isMinor).length;
        if (collections < 32) return;
        observer.disconnect();
        resolve();
      });
      observer.observe({ entryTypes: ['gc'] });
    });
    for (let passed = 0; passed < 64 * MIB; passed += MIB / 4) collectAfter(MIB / 4);
    await seen;
    expect(collections).toBeLessThan(64);
  });

  it('shows the collector to nobody else', () => {
    expect(globalThis.gc).toBeUndefined();
    expect(runInNewContext('typeof gc')).toBe('undefined');
  });
});

function isMinor(entry: object): boolean {
  const { detail } = entry as { detail: NodeGCPerformanceDetail };
  return detail.kind === constants.NODE_PERFORMANCE_GC_MINOR;
}

import { describe, expect, it } from '@jest/globals';
import { Budget } from './budget.js';

const limits = { total: 10, share: 6, floor: 2 };

describe('a budget', () => {
  it('lets an owner have its share and no more, and says whose fault it is', () => {
    const budget = new Budget('streams', limits);
    expect(budget.take('bot:a', 6)).toBe(true);
    expect(budget.take('bot:a')).toBe(false);
    expect(budget.heldBy('bot:a')).toBe(6);
    expect(budget.refusal('bot:a')).toMatchObject({
      kind: 'over_budget',
      members: { budget: 'streams', owner: 'bot:a' },
    });
  });

  it('keeps the floor of each owner free, however much the others hold', () => {
    const budget = new Budget('streams', limits);
    budget.take('bot:a', 6);
    budget.take('bot:b', 4);
    expect(budget.take('bot:c', 2)).toBe(true);
    expect(budget.take('bot:c')).toBe(false);
    expect(budget.refusal('bot:c')).toMatchObject({ kind: 'unavailable', members: { budget: 'streams' } });
  });

  it('has room again once something is given back', () => {
    const budget = new Budget('streams', limits);
    budget.take('bot:a', 6);
    budget.free('bot:a', 6);
    expect(budget.total).toBe(0);
    expect(budget.take('bot:a', 6)).toBe(true);
  });

  it('tells how much more an owner could take', () => {
    const budget = new Budget('streams', limits);
    expect(budget.room('bot:a')).toBe(6);
    budget.take('bot:a', 6);
    budget.take('bot:b', 3);
    expect([budget.room('bot:a'), budget.room('bot:b'), budget.room('bot:c')]).toEqual([0, 1, 2]);
  });

  it('does not let an owner give back what it does not hold', () => {
    const budget = new Budget('streams', limits);
    expect(() => budget.free('bot:a')).toThrow('bot:a gives back more of streams than it holds.');
  });
});

import { describe, expect, it } from '@jest/globals';
import { walkedPage, type Walked } from './filtered.js';

describe('a page of what several walks found', () => {
  const found = (...ids: string[]): Walked[] => ids.map((id) => ({ id, isEnd: false }));
  const end = (id: string): Walked => ({ id, isEnd: true });
  const page = (rows: Walked[]): object => walkedPage(rows, 2, (id) => id);

  it('is the last one where no walk ended early', () => {
    expect(page(found('9', '8'))).toEqual({ data: ['9', '8'], next: null });
  });

  it('leads on where more was found than fits', () => {
    expect(page(found('9', '8', '7'))).toEqual({ data: ['9', '8'], next: '8' });
  });

  it('ends where a walk ended, so that what lies behind is found by the next page', () => {
    expect(page([...found('9'), end('5')])).toEqual({ data: ['9'], next: '5' });
  });

  it('ends where the first of several walks ended, however much others found behind it', () => {
    expect(page([...found('9', '6', '5', '4'), end('7'), end('3')])).toEqual({ data: ['9'], next: '7' });
  });

  it('compares numbers as numbers', () => {
    expect(walkedPage([...found('100', '9'), end('10')], 2, BigInt)).toEqual({ data: ['100'], next: '10' });
  });
});

import { describe, expect, it } from '@jest/globals';
import { saveAs } from './content-disposition.js';

describe('saveAs', () => {
  it.each([
    ['plain name.pdf', `attachment; filename="plain name.pdf"; filename*=UTF-8''plain%20name.pdf`],
    ['Größe.pdf', `attachment; filename="Gr__e.pdf"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf`],
    [
      'a"b\\c%20(d)*\'.txt',
      `attachment; filename="a_b_c_20(d)*'.txt"; filename*=UTF-8''a%22b%5Cc%2520%28d%29%2A%27.txt`,
    ],
  ])('writes %s so that old and new readers take it', (filename, header) => expect(saveAs(filename)).toBe(header));
});

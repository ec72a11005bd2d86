import { describe, expect, it } from '@jest/globals';
import { plainAddress } from './address.js';

describe('the address of a request', () => {
  it.each([
    ['/handover/eightByEight/e/', '/handover/eightByEight/e'],
    ['//handover/eightByEight/e', '/handover/eightByEight/e'],
    ['/handover//eightByEight///e/token//', '/handover/eightByEight/e/token'],
    ['http://gw.example.com/handover/eightByEight/e', '/handover/eightByEight/e'],
    ['HTTPS://gw.example.com:8443//handover/eightByEight/', '/handover/eightByEight'],
    ['http://gw.example.com?a=b', '/?a=b'],
    ['http://gw.example.com', '/'],
    ['/v1/handovers/?cursor=a//b/', '/v1/handovers?cursor=a//b/'],
    ['/v1/handovers?next=http://x//y/', '/v1/handovers?next=http://x//y/'],
    ['/', '/'],
    ['//', '/'],
    ['/copilot/?userId=u', '/copilot/?userId=u'],
    ['//copilot//?userId=u', '/copilot/?userId=u'],
    ['*', '*'],
  ])('%s is %s', (sent, plain) => {
    expect(plainAddress(sent)).toBe(plain);
  });
});

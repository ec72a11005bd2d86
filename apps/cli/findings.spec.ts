import { describe, expect, it } from '@jest/globals';
import { findingsText } from './findings.js';

describe('findings for people', () => {
  it('stand one a line, with what to do below, and the count at the end', () => {
    const text = findingsText([
      { level: 'ok', check: 'api-key', message: 'The key is accepted.', action: null },
      { level: 'error', check: 'channel-webhook', message: 'Elsewhere.', action: 'Choose another.' },
    ]);
    expect(text.split('\n')).toEqual([
      'ok       api-key          The key is accepted.',
      'ERROR    channel-webhook  Elsewhere.',
      '                          → Choose another.',
      '',
      '1 errors, 0 warnings, 1 in order',
    ]);
  });

  it('do not steer the terminal with what somebody called a webhook', () => {
    const message = 'The webhook "\u001b[2Jgone\u202e" points here.';
    const text = findingsText([{ level: 'ok', check: 'webhook', message, action: null }]);
    expect(text).toContain('The webhook " [2Jgone " points here.');
  });
});

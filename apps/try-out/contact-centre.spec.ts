import { describe, expect, it } from '@jest/globals';
import { kindFrom, KINDS } from './contact-centre.js';

describe('the contact centre to try out', () => {
  it('is 8x8 unless another one is named', () => {
    expect(kindFrom([])).toBe(KINDS.eightByEight);
    expect(kindFrom(['--provider', 'chatwoot'])).toBe(KINDS.chatwoot);
    expect(kindFrom(['--provider=chatwoot'])).toBe(KINDS.chatwoot);
  });

  it.each([[['--provider', 'zendesk']], [['--provider', 'constructor']]])(
    '%j is refused, naming what there is',
    (args) => {
      expect(() => kindFrom(args)).toThrow(/Known: eightByEight, chatwoot\.$/);
    },
  );

  it.each([[['--port', '1']], [['chatwoot']], [['--provider']]])('%j is refused', (args) => {
    expect(() => kindFrom(args)).toThrow();
  });

  it.each(Object.entries(KINDS))(
    'of the kind %s has a provider whose webhook is in the gateway',
    async (type, kind) => {
      const centre = await kind.start(0, 'http://127.0.0.1:1');
      expect(centre.provider).toMatchObject({ type, settings: { baseUrl: centre.url } });
      const page = await fetch(`${centre.url}/`);
      expect(await page.text()).toContain(type === 'chatwoot' ? 'Chatwoot simulator' : '8x8 simulator');
      await centre.stop();
    },
  );
});

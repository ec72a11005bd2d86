import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { COPILOT_TOKEN, tokenFor, withCopilot } from '../support/copilot.js';
import { answer, handOver, openWebChat, visit } from '../support/visitors.js';
import { World } from '../support/world.js';
import { launchChromium } from './chromium.js';

jest.setTimeout(120_000);

type Json = Record<string, unknown>;

const INCOMING_TOKEN = 'copilot-token-of-incoming-ones';
const HOSTILE = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';
const CARD = {
  type: 'AdaptiveCard',
  version: '1.3',
  body: [
    { type: 'TextBlock', text: 'Order **4711**', size: 'Large', weight: 'Bolder' },
    { type: 'TextBlock', text: 'Placed yesterday', isSubtle: true },
    {
      type: 'ColumnSet',
      columns: [
        { type: 'Column', items: [{ type: 'TextBlock', text: 'Shipping' }] },
        { type: 'Column', items: [{ type: 'TextBlock', text: 'In transit', weight: 'Bolder' }] },
      ],
    },
    {
      type: 'FactSet',
      facts: [
        { title: 'Total', value: '86.40 €' },
        { title: 'Items', value: '3' },
      ],
    },
    { type: 'Image', url: 'https://shop.example.com/shoe.png', altText: 'Running shoe' },
    { type: 'Input.Text', id: 'x' },
  ],
  actions: [{ type: 'Action.OpenUrl', title: 'Open order', url: 'https://shop.example.com/orders/4711' }],
};
const TILES: Record<string, Json> = {
  account: {
    kind: 'keyValue',
    title: 'Account',
    entries: [
      { label: 'Balance', value: '1,234.56 €' },
      { label: 'Overdraft', value: '500.00 €' },
      { label: 'Customer since', value: 'March 2017' },
    ],
  },
  summary: {
    kind: 'text',
    title: 'What it is about',
    format: 'markdown',
    width: 2,
    text: '## Card payment declined\nAnn tried to pay **twice** and was asked for a *new PIN*.\n\n- Card `**** 4242` is active\n- No limit was reached\n\nSee [the procedure](https://kb.example.com/cards/declined).',
  },
  reply: {
    kind: 'suggestedReply',
    title: 'Suggested reply',
    text: 'I am sorry that your payment did not go through. I have unlocked your card: please try again.',
  },
  links: {
    kind: 'links',
    title: 'Look up',
    links: [
      { title: 'Customer in the CRM', url: 'https://crm.example.com/customers/c-9' },
      { title: 'Card terms', url: 'https://kb.example.com/cards/terms' },
    ],
  },
  order: { kind: 'adaptiveCard', title: 'Last order', card: CARD },
};

describe("the copilot's page in a browser", () => {
  let world: World;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let id: string;
  let conversationId: string;
  let link: string;
  const troubles: string[] = [];
  const asked: string[] = [];

  beforeAll(async () => {
    world = await World.start({
      options: { endpoint: { bot: 'test-bot' }, copilot: { builtIn: true, urlToken: INCOMING_TOKEN } },
      providers: (simulator) => [withCopilot(simulator)],
    });
    openWebChat(world);
    ({ id, conversationId } = await world.active({
      provider: 'desk',
      sessionId: 's-17/ü',
      userId: 'u 42',
      user: {
        name: 'Ann Example',
        email: 'ann@example.com',
        phone: '+44 7911 123456',
        company: 'Acme',
        language: 'en',
        customerId: 'c-9',
        properties: { Intent: 'card declined', Authenticated: 'yes', Note: HOSTILE },
      },
      transcript: [
        { author: 'user', text: 'My card was declined' },
        { author: 'bot', text: 'I am sorry to hear that. Which card is it?' },
        { author: 'user', text: 'The one ending in 4242' },
        { author: 'bot', text: 'Let me get you to a colleague.' },
      ],
    }));
    for (const [key, tile] of Object.entries(TILES)) await putTile(key, tile);
    const request = world.simulator.conversation(conversationId).request as {
      user: { additionalProperties: { key: string; value: string }[] };
    };
    const sent = request.user.additionalProperties.find(({ key }) => key === 'copilotUrl')!.value;
    link = world.gateway.url + new URL(sent).pathname + new URL(sent).search;
    browser = await launchChromium();
    context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    page = await open(link);
  });

  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  async function open(url: string, within = context): Promise<Page> {
    const opened = await within.newPage();
    opened.setDefaultTimeout(20_000);
    opened.on('pageerror', (error) => troubles.push(error.message));
    opened.on('request', (request) => asked.push(request.url()));
    await opened.goto(url);
    return opened;
  }

  async function putTile(key: string, tile: Json): Promise<void> {
    const answer = await world.api('put', `/v1/handovers/${id}/copilot/tiles/${key}`).send(tile);
    if (answer.status > 201) throw new Error(JSON.stringify(answer.body));
  }

  const picture = (name: string, of = page): Promise<unknown> =>
    of.screenshot({ path: join(tmpdir(), `copilot-${name}.png`), fullPage: true });
  const tile = (key: string) => page.locator(`[data-testid="tile"][data-key="${key}"]`);
  const said = (author: string) => page.locator(`[data-testid="message"][data-author="${author}"] .said`);

  it('shows the customer, the transcript since before the handover, and the tiles', async () => {
    await tile('order').waitFor();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Ann Example');
    expect(await page.getByTestId('status').textContent()).toBe('With an agent');
    const details = await page.getByTestId('details').innerText();
    for (const text of ['ann@example.com', '+44 7911 123456', 'Acme', 'Intent', 'card declined', 'u 42', 's-17/ü'])
      expect(details).toContain(text);
    expect(await said('user').allTextContents()).toEqual(['My card was declined', 'The one ending in 4242']);
    expect(await page.getByTestId('divider').count()).toBe(1);
    expect(await page.getByTestId('tile').evaluateAll((all) => all.map((one) => one.getAttribute('data-key')))).toEqual(
      Object.keys(TILES),
    );
    expect(await tile('summary').locator('h5').textContent()).toBe('Card payment declined');
    expect(await tile('summary').locator('strong').textContent()).toBe('twice');
    expect(await tile('account').locator('dd').allTextContents()).toEqual(['1,234.56 €', '500.00 €', 'March 2017']);
    expect(
      await tile('order')
        .getByRole('link')
        .evaluateAll((all) => all.map((one) => one.getAttribute('href'))),
    ).toEqual(['https://shop.example.com/shoe.png', 'https://shop.example.com/orders/4711']);
    expect(await tile('order').innerText()).toContain('Input.Text is not shown here');
    for (const attribute of ['rel', 'target'])
      expect(await tile('links').getByRole('link').first().getAttribute(attribute)).toBe(
        attribute === 'rel' ? 'noopener noreferrer' : '_blank',
      );
    await picture('1-wide');
  });

  it('takes the token out of the address, and asks nobody but the gateway', async () => {
    expect(page.url()).not.toMatch(/URLToken|copilot-token/);
    expect(new URL(page.url()).searchParams.get('sessionId')).toBe('s-17/ü');
    expect(
      await page.evaluate('JSON.stringify([document.referrer, { ...sessionStorage }, document.cookie])'),
    ).not.toContain(COPILOT_TOKEN);
    for (const url of asked) expect(url).toMatch(new RegExp(`^(${world.gateway.url}/|data:)`));
    expect(asked.filter((url) => url.includes('URLToken'))).toEqual([link]);
  });

  it('follows messages and tiles as they come', async () => {
    await world.say(id, 'Are you there?');
    await said('user').getByText('Are you there?').waitFor();
    await world.simulator.agent.say(conversationId, 'Hello Ann, I am looking into it. 👋', 'agent-ann');
    await said('agent').getByText('Hello Ann').waitFor();
    await putTile('account', { ...TILES.account, title: 'Account (new)' });
    await tile('account').getByText('Account (new)').waitFor();
    await putTile('late', { kind: 'text', title: 'Just found', text: 'plain\n  *text*' });
    await tile('late').waitFor();
    expect(await tile('late').locator('.plain').textContent()).toBe('plain\n  *text*');
    await world.api('delete', `/v1/handovers/${id}/copilot/tiles/late`).expect(204);
    await tile('late').waitFor({ state: 'detached' });
    expect(await page.getByTestId('tile').count()).toBe(5);
    await world
      .api('patch', `/v1/handovers/${id}`)
      .send({ user: { company: 'Acme Ltd' } })
      .expect(200);
    await page.getByTestId('details').getByText('Acme Ltd').waitFor();
  });

  it('turns nothing that anybody writes into HTML, script or a link that runs one', async () => {
    await world.say(id, HOSTILE);
    await putTile('hostile', {
      kind: 'text',
      title: HOSTILE,
      format: 'markdown',
      text: `${HOSTILE}\n\n[click](javascript:window.hit=1) ![x](https://evil.example/x.png) [data](data:text/html,x)\n\n# ${HOSTILE}`,
    });
    await putTile('hostile-card', {
      kind: 'adaptiveCard',
      title: 'Hostile card',
      card: {
        type: 'AdaptiveCard',
        version: '1.0',
        body: [
          { type: 'TextBlock', text: HOSTILE },
          { type: 'Image', url: 'javascript:window.hit=1', altText: HOSTILE },
          { type: 'FactSet', facts: [null, { title: HOSTILE, value: { a: 1 } }] },
          { type: HOSTILE },
          null,
          'text',
          { type: 'Container', items: 'x' },
        ],
        actions: [
          { type: 'Action.OpenUrl', title: 'run', url: 'javascript:window.hit=1' },
          { type: 'Action.Submit' },
          null,
        ],
      },
    });
    await tile('hostile-card').waitFor();
    await said('user').getByText(HOSTILE).waitFor();
    expect(await tile('hostile').locator('h3').textContent()).toBe(HOSTILE);
    expect(await page.locator('img, script:not([src]), iframe, object, style, form').count()).toBe(0);
    const hrefs = await page.locator('a').evaluateAll((all) => all.map((one) => one.getAttribute('href')));
    for (const href of hrefs) expect(href).toMatch(/^https:\/\//);
    expect(await page.evaluate('window.hit')).toBeUndefined();
    const evil = `(() => { try { document.body.innerHTML = '<b>x</b>'; return 'taken'; } catch (error) { return error.name; } })()`;
    expect(await page.evaluate(evil)).toBe('TypeError');
    await picture('2-hostile');
    for (const key of ['hostile', 'hostile-card'])
      await world.api('delete', `/v1/handovers/${id}/copilot/tiles/${key}`).expect(204);
    await tile('hostile').waitFor({ state: 'detached' });
  });

  it('copies a suggested reply, also where the clipboard is closed to the page', async () => {
    const reply = (TILES.reply as { text: string }).text;
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: world.gateway.url });
    await tile('reply').getByTestId('copy').click();
    await tile('reply').getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(reply);
    await page.evaluate(
      `navigator.clipboard.writeText('other').then(() => { navigator.clipboard.writeText = () => Promise.reject(new Error('closed')); })`,
    );
    await tile('reply').getByTestId('copy').focus();
    await page.keyboard.press('Enter');
    await tile('reply').getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(reply);
  });

  it('comes back by itself after the gateway was away, and after a reload', async () => {
    await world.stopGateway();
    await page.getByTestId('connection').getByText('Connection lost').waitFor();
    await picture('3-lost');
    await world.startGateway();
    await page.getByTestId('connection').getByText('Live').waitFor();
    expect(await page.getByTestId('tile').count()).toBe(5);
    await page.reload();
    await tile('order').waitFor();
    expect(await said('agent').allTextContents()).toEqual(['Hello Ann, I am looking into it. 👋']);
  });

  it.each([
    ['narrow', 340, 'light', 1],
    ['medium', 800, 'dark', 2],
    ['wide-dark', 1800, 'dark', 3],
  ] as const)('has room in a %s window', async (name, width, colorScheme, columns) => {
    const other = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const opened = await open(link, other);
    await opened.locator('[data-testid="tile"][data-key="order"]').waitFor();
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await opened.evaluate(overflow)).toBe(0);
    const template = "getComputedStyle(document.querySelector('[data-testid=tiles]')).gridTemplateColumns";
    expect(((await opened.evaluate(template)) as string).split(' ')).toHaveLength(columns);
    await picture(`4-${name}`, opened);
    await other.close();
  });

  it('shows a refusal and nothing else for a wrong link', async () => {
    const other = await browser.newContext();
    const opened = await open(link.replace(/URLToken=.*/, 'URLToken=a-guess-of-a-token'), other);
    await opened.getByTestId('refusal').waitFor();
    const text = await opened.locator('body').innerText();
    expect(text).toContain('This link opens nothing');
    expect(text).not.toMatch(/Ann|4242|Connecting|From the bot/);
    await picture('5-refused', opened);
    await other.close();
  });

  it('shows what was said before the handover of a conversation that began in the contact centre, above the line', async () => {
    const visitor = await visit(world, 'Hello?');
    await answer(world, visitor, 'I will get a colleague.');
    await handOver(world, visitor);
    const query = new URLSearchParams({
      userId: visitor.conversationId,
      sessionId: visitor.id,
      URLToken: await tokenFor(world, { userId: visitor.conversationId, sessionId: visitor.id }, INCOMING_TOKEN),
    });
    const opened = await open(`${world.gateway.url}/copilot/?${query}`);
    const list = opened.getByTestId('transcript').locator('li');
    const lines = async (): Promise<string[]> =>
      list.evaluateAll((all) =>
        all.map((one) => one.querySelector('.said')?.textContent ?? one.getAttribute('data-testid')!),
      );
    await opened.getByText('I will get a colleague.').waitFor();
    expect(await lines()).toEqual(['Hello?', 'I will get a colleague.', 'divider']);
    await world.simulator.customer.say(visitor.conversationId, 'Are you there?');
    await opened.getByText('Are you there?').waitFor();
    expect(await lines()).toEqual(['Hello?', 'I will get a colleague.', 'divider', 'Are you there?']);
    await opened.close();
  });

  it('says that the conversation has ended', async () => {
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await page.getByTestId('connection').getByText('The conversation has ended').waitFor();
    expect(await page.getByTestId('status').textContent()).toBe('Ended');
    expect(await page.getByTestId('tile').count()).toBe(5);
    expect(troubles).toEqual([]);
  });
});

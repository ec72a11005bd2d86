import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from './chromium.js';
import { TryOutProgram } from './try-out-program.js';

jest.setTimeout(120_000);

const PHOTO = { name: 'Grüße 1.png', mimeType: 'image/png', buffer: Buffer.from('89504e470d0a1a0a00ff', 'hex') };
const CONTRACT = { name: 'contract.txt', mimeType: 'text/plain', buffer: Buffer.from('Sign here 🖊') };
const REMINDER = 'Are you still there? Please write something.';

describe('everything around a handover, in the try-out', () => {
  let program: TryOutProgram;
  let browser: Browser;
  let agent: BrowserContext;
  let chat: Page;
  let ann: Page;
  let ben: Page;
  const troubles: string[] = [];

  beforeAll(async () => {
    program = new TryOutProgram({ INACTIVITY: '4s' });
    const urls = await program.ready();
    browser = await launchChromium();
    agent = await context(1280, 800);
    chat = await open(urls.chat, await context(420, 760));
    ann = await open(urls.desktop, agent);
    ben = await open(urls.desktop, await context(1280, 800));
  });

  afterAll(async () => {
    await browser?.close();
    await program?.cleanUp();
  });

  const context = (width: number, height: number): Promise<BrowserContext> =>
    browser.newContext({ viewport: { width, height } });

  async function open(url: string, of: BrowserContext): Promise<Page> {
    const page = await of.newPage();
    watch(page);
    await page.goto(url);
    return page;
  }

  function watch(page: Page): void {
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => troubles.push(`${page.url()}: ${error.message}`));
  }

  const picture = (page: Page, name: string): Promise<unknown> =>
    page.screenshot({ path: join(tmpdir(), `whole-handover-${name}.png`) });

  async function userWrites(text: string): Promise<void> {
    await chat.getByTestId('input').fill(text);
    await chat.getByTestId('send').click();
  }

  const bubble = (author: string, text: string) =>
    chat.locator(`[data-testid="message"][data-author="${author}"]`).filter({ hasText: text }).last();
  const onDesk = (page: Page, text: string) => page.getByTestId('transcript').getByText(text, { exact: true }).last();

  async function accept(page: Page, name: string): Promise<void> {
    await page.getByTestId('agent-select').selectOption({ label: name });
    await page.getByTestId('accept').first().click();
    await page.getByTestId('reply').waitFor();
  }

  /** What a link of the page leads to, as bytes. */
  async function contentOf(page: Page, text: string): Promise<Buffer> {
    const href = await page.getByRole('link', { name: text }).last().getAttribute('href');
    return (await page.request.get(new URL(href!, page.url()).href)).body();
  }

  it('shows both sides that the other one writes', async () => {
    await userWrites('I want to talk to a human');
    await accept(ann, 'Ann');
    await bubble('system', 'An agent has joined.').waitFor();
    await chat.getByTestId('input').pressSequentially('I am');
    await ann.getByText('Maria Example is typing …').waitFor();
    await picture(ann, '1-user-types');
    await userWrites('I am looking for my contract');
    await ann.getByTestId('reply').pressSequentially('One');
    await chat.getByText('The agent is typing …').waitFor();
    await picture(chat, '1-agent-types');
    await ann.getByTestId('reply').fill('One moment');
    await ann.getByTestId('send').click();
    await bubble('agent', 'One moment').waitFor();
  });

  it('carries files both ways, byte for byte', async () => {
    await chat.getByTestId('file').setInputFiles(PHOTO);
    await bubble('user', PHOTO.name).waitFor();
    await ann.getByTestId('file').filter({ hasText: PHOTO.name }).waitFor();
    expect(await contentOf(ann, PHOTO.name)).toEqual(PHOTO.buffer);
    await ann.getByTestId('reply-file').setInputFiles(CONTRACT);
    await bubble('agent', CONTRACT.name).waitFor();
    expect(await contentOf(chat, CONTRACT.name)).toEqual(CONTRACT.buffer);
    await picture(chat, '2-files');
    await picture(ann, '2-desktop-files');
  });

  it('offers the answers of a card to choose from', async () => {
    await userWrites('Thank you');
    await ann.getByTestId('reply').fill('Shall I send it by post?\nYes, please\nNo');
    await ann.getByTestId('offer').click();
    await bubble('agent', 'Shall I send it by post?').waitFor();
    await picture(chat, '3-card');
    await chat.getByRole('button', { name: 'Yes, please' }).click();
    await onDesk(ann, 'Yes, please').waitFor();
    await picture(ann, '3-desktop-card');
  });

  it("shows the agent the copilot's page, with what the bot put there", async () => {
    const [copilot] = await Promise.all([agent.waitForEvent('page'), ann.getByTestId('copilotUrl').click()]);
    watch(copilot);
    await copilot.locator('[data-testid="tile"][data-key="account"]').getByText('1,234.56 €').waitFor();
    await copilot.getByTestId('message').getByText('I am looking for my contract').waitFor();
    expect(await copilot.getByRole('heading', { level: 1 }).textContent()).toBe('Maria Example');
    await userWrites('Are you still with me?');
    await copilot.getByTestId('message').getByText('Are you still with me?').waitFor();
    await picture(copilot, '4-copilot');
    await copilot.close();
  });

  it('follows a transfer', async () => {
    await ann.getByTestId('transfer-queue').selectOption({ label: 'Billing' });
    await ann.getByTestId('transfer').click();
    await bubble('system', 'You are in the queue Billing.').waitFor();
    await accept(ben, 'Ben');
    await userWrites('Hello Ben');
    await onDesk(ben, 'Hello Ben').waitFor();
    await picture(chat, '5-transferred');
  });

  it('reminds a silent user, and ends the chat of one who is gone', async () => {
    await bubble('bot', REMINDER).waitFor();
    await userWrites('Yes, I am');
    await onDesk(ben, 'Yes, I am').waitFor();
    await bubble('bot', `${REMINDER} Otherwise I close this chat.`).waitFor();
    await picture(chat, '6-reminded');
    await bubble('system', 'You are back with the bot.').waitFor();
    await ben.getByText('This conversation is over.').waitFor();
    await picture(ben, '6-desktop-over');
    expect(troubles).toEqual([]);
  });
});

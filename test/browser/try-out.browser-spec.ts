import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from './chromium.js';
import { processesOf, stillRunning } from './processes.js';
import { TryOutProgram } from './try-out-program.js';

jest.setTimeout(120_000);

const RIGHT_TO_LEFT = 'שלום, אני צריכה עזרה בחשבון 42 (דחוף)';
const EMOJI = 'Grüße 👩‍👩‍👧‍👦 👍🏽 <b>not bold</b> & "quotes" 🇪🇺';
const ARABIC = 'مرحبا، كيف يمكنني مساعدتك؟ 🙂';

describe('the try-out in a browser', () => {
  let program: TryOutProgram;
  let browser: Browser;
  let chat: Page;
  let ann: Page;
  let ben: Page;
  const troubles: string[] = [];

  beforeAll(async () => {
    program = new TryOutProgram();
    const urls = await program.ready();
    browser = await launchChromium();
    chat = await open(urls.chat, { width: 420, height: 760 });
    ann = await open(urls.desktop, { width: 1280, height: 800 });
    ben = await open(urls.desktop, { width: 1280, height: 800 });
  });

  afterAll(async () => {
    await browser?.close();
    await program?.cleanUp();
  });

  /** A page in a browser profile of its own, as another person would have. */
  async function open(url: string, viewport: { width: number; height: number }): Promise<Page> {
    const page = await (await browser.newContext({ viewport })).newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => troubles.push(`${url}: ${error.message}`));
    await page.goto(url);
    return page;
  }

  async function picture(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: join(tmpdir(), `try-out-${name}.png`) });
  }

  async function userWrites(text: string): Promise<void> {
    await chat.getByTestId('input').fill(text);
    await chat.getByTestId('send').click();
  }

  async function agentWrites(desktop: Page, text: string): Promise<void> {
    await desktop.getByTestId('reply').fill(text);
    await desktop.getByTestId('send').click();
  }

  /** Waits for a bubble with exactly this text. */
  async function userSees(author: string, text: string): Promise<void> {
    const bubbles = chat.locator(`[data-testid="message"][data-author="${author}"]`);
    await bubbles.filter({ hasText: text }).last().waitFor();
    expect(await bubbles.allTextContents()).toContain(text);
  }

  async function agentSees(desktop: Page, text: string): Promise<void> {
    await desktop.getByTestId('transcript').getByText(text, { exact: true }).last().waitFor();
  }

  async function agentAccepts(desktop: Page, name: string): Promise<void> {
    await desktop.getByTestId('agent-select').selectOption({ label: name });
    await desktop.getByTestId('accept').first().click();
    await desktop.getByTestId('reply').waitFor();
  }

  it('hands a chat to an agent with what was said before', async () => {
    await userWrites('What is my balance?');
    await userSees('bot', 'Your balance is 1,234.56 €.');
    await userWrites('I want to talk to a human');
    await userSees('system', 'You are in the queue Support.');
    await picture(chat, '1-queued');
    await picture(ann, '1-desktop-waiting');
    await agentAccepts(ann, 'Ann');
    await userSees('system', 'An agent has joined.');
    await agentSees(ann, 'What is my balance?');
    await agentSees(ann, 'Your balance is 1,234.56 €.');
    expect(await ann.getByTestId('customer').textContent()).toContain('Maria Example');
  });

  it('carries every character both ways', async () => {
    for (const text of [EMOJI, RIGHT_TO_LEFT]) {
      await userWrites(text);
      await agentSees(ann, text);
    }
    for (const text of [ARABIC, EMOJI]) {
      await agentWrites(ann, text);
      await userSees('agent', text);
    }
    await picture(chat, '2-talking');
    await picture(ann, '2-desktop-talking');
  });

  it('follows a transfer to another queue and its agent', async () => {
    await ann.getByTestId('transfer-queue').selectOption({ label: 'Billing' });
    await ann.getByTestId('transfer').click();
    await userSees('system', 'You are being transferred.');
    await userSees('system', 'You are in the queue Billing.');
    await userWrites('Is anybody there?');
    await agentAccepts(ben, 'Ben');
    await agentSees(ben, 'Is anybody there?');
    await agentWrites(ben, 'Ben here.');
    await userSees('agent', 'Ben here.');
    await userWrites('Thank you!');
    await agentSees(ben, 'Thank you!');
    await picture(ben, '3-desktop-transferred');
  });

  it('gives the chat back to the bot when the agent leaves', async () => {
    await ben.getByTestId('leave').click();
    await userSees('system', 'You are back with the bot.');
    await userWrites('And my balance now?');
    const answers = chat.getByText('Your balance is 1,234.56 €.', { exact: true });
    await answers.nth(1).waitFor();
    await picture(chat, '4-back');
  });

  it('ends with Ctrl-C, and nothing runs on', async () => {
    const processes = processesOf(program.pid, program.dataDir);
    expect(processes.map(({ command }) => command).join('\n')).toMatch(/gateway[\s\S]*postgres/);
    program.interrupt();
    expect(await program.exited).toBe(0);
    expect(stillRunning(processes)).toEqual([]);
    expect(program.output).toContain('Stopped.');
    expect(program.errors).not.toMatch(/error/i);
    expect(troubles).toEqual([]);
  });
});

import { adaptiveCard } from './card.js';
import { element, link } from './dom.js';
import { markdown } from './markdown.js';

const COPIED_MS = 2_000;

const CONTENT = {
  text: ({ text, format }) =>
    format === 'markdown'
      ? element('div', { className: 'prose', dir: 'auto' }, ...markdown(text))
      : element('p', { className: 'plain', dir: 'auto' }, text),
  keyValue: ({ entries }) =>
    element(
      'dl',
      {},
      ...entries.flatMap(({ label, value }) => [
        element('dt', { dir: 'auto' }, label),
        element('dd', { dir: 'auto' }, value),
      ]),
    ),
  links: ({ links }) =>
    element('ul', { className: 'links' }, ...links.map(({ title, url }) => element('li', {}, link(url, title)))),
  suggestedReply: ({ text }) => {
    const words = element('blockquote', { className: 'plain', dir: 'auto' }, text);
    return element('div', {}, words, copyButton(words));
  },
  adaptiveCard: ({ card }) => element('div', { className: 'card prose' }, ...adaptiveCard(card)),
};

/** Shows what the bot pushes, in its order. A tile that did not change keeps its node, and with it focus and selection. */
export function tileGrid(grid) {
  const shown = new Map();
  return ({ order, changed }) => {
    for (const tile of changed) {
      const node = tileNode(tile);
      shown.get(tile.key)?.replaceWith(node);
      shown.set(tile.key, node);
    }
    for (const [key, node] of shown) {
      if (order.includes(key)) continue;
      node.remove();
      shown.delete(key);
    }
    order.forEach((key, index) => {
      const node = shown.get(key);
      if (node && grid.children[index] !== node) grid.insertBefore(node, grid.children[index] ?? null);
    });
    return shown.size;
  };
}

function tileNode({ key, kind, title, width, ...content }) {
  const data = { testid: 'tile', key, kind };
  const body = CONTENT[kind]?.(content) ?? element('p', { className: 'quiet' }, `${kind} is not shown here`);
  return element(
    'article',
    { className: `tile span-${width}`, data, ariaLabel: title },
    element('h3', { dir: 'auto' }, title),
    element('div', { className: 'content' }, body),
  );
}

function copyButton(words) {
  const button = element('button', { type: 'button', className: 'copy', data: { testid: 'copy' } }, 'Copy');
  const said = element('span', { className: 'quiet', role: 'status' });
  button.onclick = async () => {
    const isCopied = await copy(words);
    said.textContent = isCopied ? 'Copied' : 'Selected: press Ctrl+C to copy';
    if (isCopied) setTimeout(() => (said.textContent = ''), COPIED_MS);
  };
  return element('p', { className: 'actions' }, button, said);
}

/** In a frame the clipboard may be closed to the page; then the words are selected and copied the old way, or left to the agent. */
async function copy(words) {
  try {
    await navigator.clipboard.writeText(words.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(words);
    return document.execCommand('copy');
  }
}

import { element, link } from './dom.js';
import { markdown } from './markdown.js';

const MAX_DEPTH = 16;
const MAX_ELEMENTS = 300;

/** Nodes that show an Adaptive Card. What is not known here is named instead of shown; nothing is loaded from elsewhere. */
export function adaptiveCard(card) {
  const budget = { left: MAX_ELEMENTS };
  return [...elementsOf(card?.body, budget, 0), ...actionsOf(card?.actions, budget)];
}

function elementsOf(items, budget, depth) {
  if (!Array.isArray(items)) return [];
  return items.flatMap((item) => {
    if (budget.left <= 0 || depth > MAX_DEPTH) return [];
    budget.left -= 1;
    return elementOf(item, budget, depth);
  });
}

function elementOf(item, budget, depth) {
  switch (item?.type) {
    case 'TextBlock':
      return [textBlock(item)];
    case 'FactSet':
      return [factSet(item, budget)];
    case 'Image':
      return [element('p', {}, link(item.url, `Image: ${textOf(item.altText) || 'open'}`))];
    case 'Container':
      return [element('div', { className: 'container' }, ...elementsOf(item.items, budget, depth + 1))];
    case 'ColumnSet':
      return [element('div', { className: 'columns' }, ...elementsOf(item.columns, budget, depth + 1))];
    case 'Column':
      return [element('div', { className: 'column' }, ...elementsOf(item.items, budget, depth + 1))];
    case 'ActionSet':
      return actionsOf(item.actions, budget);
    default:
      return [note(item?.type)];
  }
}

function textBlock({ text, size, weight, isSubtle }) {
  const className = [
    'text-block',
    ['large', 'extralarge'].includes(textOf(size).toLowerCase()) ? 'large' : '',
    textOf(weight).toLowerCase() === 'bolder' ? 'bolder' : '',
    isSubtle === true ? 'quiet' : '',
  ];
  return element('div', { className: className.filter(Boolean).join(' '), dir: 'auto' }, ...markdown(textOf(text)));
}

function factSet({ facts }, budget) {
  const shown = (Array.isArray(facts) ? facts : []).slice(0, Math.max(0, budget.left));
  budget.left -= shown.length;
  const pairs = shown.flatMap((fact) => [
    element('dt', { dir: 'auto' }, textOf(fact?.title)),
    element('dd', { dir: 'auto' }, textOf(fact?.value)),
  ]);
  return element('dl', {}, ...pairs);
}

function actionsOf(actions, budget) {
  if (!Array.isArray(actions)) return [];
  const shown = actions.slice(0, Math.max(0, budget.left));
  budget.left -= shown.length;
  const links = shown.map((action) =>
    action?.type === 'Action.OpenUrl'
      ? link(action.url, textOf(action.title) || textOf(action.url) || 'Open')
      : note(action?.type),
  );
  return links.length === 0 ? [] : [element('p', { className: 'actions' }, ...links)];
}

function note(type) {
  return element('span', { className: 'quiet note' }, `${textOf(type) || 'Something'} is not shown here`);
}

function textOf(value) {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value).slice(0, 16_000) : '';
}

/** Text only ever becomes text: nothing here, and nothing on this page, takes HTML. */

/** An element with properties set, and children appended: nodes or text. */
export function element(tag, properties = {}, ...children) {
  const { data = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  Object.assign(made.dataset, data);
  made.append(...children);
  return made;
}

/** The address if it is one that a person may open, else null: other schemes could run script. */
export function webAddress(text) {
  if (typeof text !== 'string' || !URL.canParse(text)) return null;
  const { protocol, username, password, href } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '' ? href : null;
}

/** A link into a new tab that knows nothing of this page; the label alone where the address may not be opened. */
export function link(url, ...label) {
  const href = webAddress(url);
  if (href === null) return element('span', {}, ...label);
  return element('a', { href, target: '_blank', rel: 'noopener noreferrer', title: href }, ...label);
}

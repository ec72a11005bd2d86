/** The agent desktop: it draws the state that the simulator streams, and sends what the agent does. */
const TYPING_EVERY_MS = 3_000;
const RECONNECT_MS = 3_000;
const ANSWER_LIMIT_MS = 10_000;
const ERROR_SHOWN_MS = 8_000;
const TYPING_SHOWN_MS = 5_000;
const NEAR_END_PX = 120;
const FIELDS = {
  name: 'Name',
  email: 'E-mail',
  phone: 'Phone',
  company: 'Company',
  language: 'Language',
  userId: 'User ID',
  caseId: 'Case ID',
};

const { sessionStorage, history } = window;
const page = Object.fromEntries([...document.querySelectorAll('[id]')].map((element) => [element.id, element]));
const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' });
const drafts = new Map();
const lengthsSeen = new Map();
const lastQueues = new Map();
let state;
let me = new URLSearchParams(location.search).get('agent') ?? sessionStorage.agent;
let openId = null;
let wantsFocus = false;
let followsEnd = true;
let typingAt = 0;
let deciding = false;
let errorTimer;
let lastAction = Promise.resolve();

const opened = () => state?.conversations.find(({ id }) => id === openId);
const isMine = (conversation) => conversation.agents.includes(me);
const isWaiting = ({ state: phase, waitingIn }) => phase !== 'idle' && waitingIn !== null;
const isOver = (conversation) => !isWaiting(conversation) && conversation.agents.length === 0;
const customerOf = ({ user }) => user.name ?? user.userId ?? 'Customer';
const nameIn = (list, wanted) => list.find(({ id }) => id === wanted)?.name ?? wanted;

/** Since when no agent has answered: the state does not tell when a conversation came into its queue. */
function waitingSince({ transcript, createdAt }) {
  return transcript.findLast(({ authorType }) => authorType === 'agent')?.at ?? createdAt;
}

function element(tag, { data = {}, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  Object.assign(made.dataset, data);
  made.append(...children);
  return made;
}

function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Elements that stay are neither made anew nor moved: they may have the focus, a selection or a choice. */
function fill(list, items, make, update = () => {}) {
  const ids = new Set(items.map(({ id }) => id));
  const kept = new Map();
  for (const child of [...list.children]) {
    if (ids.has(child.dataset.key)) kept.set(child.dataset.key, child);
    else child.remove();
  }
  items.forEach((item, index) => {
    const child = kept.get(item.id) ?? make(item);
    child.dataset.key = item.id;
    update(child, item);
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
  });
}

const option = ({ id, name }) => element('option', { value: id, textContent: name });

function draw() {
  if (!state) return;
  drawAgents();
  drawLists();
  drawConversation(opened());
  drawCustomer(opened()?.user);
}

function drawAgents() {
  const first = page.agent.disabled;
  fill(page.agent, state.agents, option);
  if (!first) return;
  me = (state.agents.find(({ id, name }) => id === me || name === me) ?? state.agents[0])?.id;
  page.agent.value = me;
  page.agent.disabled = false;
}

function drawLists() {
  const waiting = state.conversations.filter(isWaiting).sort((a, b) => waitingSince(a) - waitingSince(b));
  const mine = state.conversations.filter(isMine);
  const over = state.conversations.filter(isOver).reverse();
  for (const { id, waitingIn } of waiting) lastQueues.set(id, waitingIn);
  fill(page.queues, placesOf(waiting), queueSection, (section, { id }) => {
    const inQueue = waiting.filter(({ waitingIn }) => waitingIn === id);
    setText(section.querySelector('.count'), String(inQueue.length));
    fill(section.querySelector('ul'), inQueue, waitingCard, updateCard);
  });
  fill(page.mine, mine, card, updateCard);
  fill(page.finished, over, card, updateCard);
  [page.nobody.hidden, page.none.hidden, page.past.hidden] = [waiting.length > 0, mine.length > 0, over.length === 0];
  document.title = waiting.length > 0 ? `(${waiting.length}) Agent desktop` : 'Agent desktop';
  drawDurations();
}

/** The queues, and the scripts in which something waits. */
function placesOf(waiting) {
  const scripts = new Set(waiting.map(({ waitingIn }) => waitingIn));
  for (const { id } of state.queues) scripts.delete(id);
  return [...state.queues, ...[...scripts].map((id) => ({ id, name: `Script ${id}` }))];
}

function queueSection({ name }) {
  const heading = element('h3', {}, name, element('span', { className: 'count' }));
  return element('section', {}, heading, element('ul'));
}

function card({ id }) {
  const parts = ['name', 'mark', 'line'].map((className) => element('span', { className, dir: 'auto' }));
  return element('li', {}, element('button', { className: 'card', onclick: () => show(id) }, ...parts));
}

function waitingCard(conversation) {
  const accept = element('button', { className: 'main', textContent: 'Accept', data: { testid: 'accept' } });
  accept.ariaLabel = `Accept ${customerOf(conversation)}`;
  accept.onclick = async () => {
    if (await decide(conversation.id, 'join')) show(conversation.id);
  };
  const item = card(conversation);
  item.append(accept);
  return item;
}

function updateCard(item, conversation) {
  const [name, mark, line] = item.firstChild.children;
  item.firstChild.ariaCurrent = String(conversation.id === openId);
  setText(name, customerOf(conversation));
  setText(line, conversation.transcript.at(-1)?.text ?? '');
  if (isWaiting(conversation)) mark.dataset.since = waitingSince(conversation);
  else setText(mark, isMine(conversation) ? unread(conversation) : '');
}

function unread({ id, transcript }) {
  if (id === openId) lengthsSeen.set(id, transcript.length);
  const missed = transcript.length - (lengthsSeen.get(id) ?? 0);
  return missed > 0 ? `${missed} new` : '';
}

function drawDurations() {
  for (const mark of document.querySelectorAll('[data-since]')) {
    setText(mark, duration(Math.max(0, Date.now() - mark.dataset.since) / 1000));
  }
}

function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${Math.floor(seconds)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function drawConversation(conversation) {
  const mine = conversation !== undefined && isMine(conversation);
  const losesFocus = !mine && [page.tools, page.composer].some((form) => form.contains(document.activeElement));
  page.closed.hidden = conversation !== undefined;
  for (const part of [page.about, page.transcript]) part.hidden = conversation === undefined;
  for (const part of [page.tools, page.composer]) part.hidden = !mine;
  page.offer.hidden = !state.canOffer;
  if (!conversation) return;
  setText(page.name, customerOf(conversation));
  setText(page.where, whereabouts(conversation));
  drawTranscript(conversation.transcript);
  const others = state.queues.filter(({ id }) => id !== lastQueues.get(openId));
  fill(page.target, others, option);
  page.transfer.disabled = others.length === 0;
  if (losesFocus) page.name.focus();
  if (wantsFocus && mine) page.reply.focus();
  if (mine) wantsFocus = false;
}

function whereabouts(conversation) {
  const { waitingIn, agents, typingSince } = conversation;
  if (typingSince !== null && Date.now() - typingSince < TYPING_SHOWN_MS)
    return `${customerOf(conversation)} is typing …`;
  if (isMine(conversation)) return 'You are in this conversation.';
  if (isWaiting(conversation)) return `Waits in ${nameIn(state.queues, waitingIn)}. Accept it to reply.`;
  if (isOver(conversation)) return 'This conversation is over.';
  return `With ${agents.map((id) => nameIn(state.agents, id)).join(', ')}.`;
}

function drawTranscript(transcript) {
  const entries = transcript.map((entry, index) => ({ ...entry, id: String(index) }));
  const before = entries.filter((entry) => entry.before);
  page.history.hidden = before.length === 0;
  fill(page.before, before, bubble);
  fill(page.said, entries.slice(before.length), bubble);
  followEnd();
}

/** The newest message stays in view, unless somebody has scrolled up to read. */
function followEnd() {
  if (followsEnd) page.transcript.scrollTop = page.transcript.scrollHeight;
}

function scrolled() {
  const { scrollHeight, scrollTop, clientHeight } = page.transcript;
  followsEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
}

function bubble({ authorType, authorId, text, files = [], cards = [], at }) {
  const by = element('span', { className: 'by' }, element('bdi', { textContent: authorOf(authorType, authorId) }));
  if (at) by.append(element('time', { dateTime: new Date(at).toISOString(), textContent: clock.format(at) }));
  const className = authorId === me ? 'agent me' : authorType;
  const said = [text, ...cards].filter(Boolean).map((textContent) => element('p', { dir: 'auto', textContent }));
  return element('li', { className }, by, ...said, ...files.map(fileLink));
}

function fileLink({ filename, url }) {
  const link = element('a', { href: url, download: filename, textContent: filename });
  link.dataset.testid = 'file';
  return element('p', { dir: 'auto' }, link);
}

function authorOf(type, id) {
  if (type === 'agent') return id === me ? 'You' : nameIn(state.agents, id);
  return { user: customerOf(opened()), bot: 'Bot', system: '8x8' }[type] ?? type;
}

function drawCustomer(user) {
  const { additionalProperties = [], ...fields } = user ?? {};
  const keys = user ? new Set([...Object.keys(FIELDS), ...Object.keys(fields)]) : [];
  const known = [...keys].map((key) => ({ label: FIELDS[key] ?? key, value: fields[key] ?? '–' }));
  const added = additionalProperties.map(({ key, value }) => ({ label: key, value }));
  const drawn = JSON.stringify([known, added]);
  if (page.customer.dataset.drawn === drawn) return;
  page.customer.dataset.drawn = drawn;
  page.customer.replaceChildren(...(user ? [table('Details', known), table('Additional properties', added)] : []));
  if (!user) page.customer.append(element('p', { className: 'hint' }, 'Open a conversation to see who it is with.'));
}

function table(caption, rows) {
  const cell = (tag, text) => element(tag, { dir: 'auto', textContent: text });
  const lines = rows.map(({ label, value }) => element('tr', {}, cell('th', label), valueCell(label, value)));
  if (lines.length === 0) lines.push(element('tr', {}, cell('td', 'None')));
  return element('table', {}, element('caption', { textContent: caption }), element('tbody', {}, ...lines));
}

function valueCell(label, value) {
  if (!/^https?:\/\//.test(value)) return element('td', { dir: 'auto', textContent: value });
  const link = { href: value, target: '_blank', rel: 'noopener noreferrer', textContent: 'Open', title: value };
  return element('td', {}, element('a', { ...link, data: { testid: label } }));
}

function show(id) {
  stopTyping();
  openId = id;
  wantsFocus = id !== null;
  followsEnd = true;
  page.reply.value = drafts.get(id) ?? '';
  for (const list of [page.before, page.said]) list.replaceChildren();
  draw();
  if (id !== null) page.talk.scrollIntoView({ block: 'nearest' });
}

/** One action after the other, so that what was sent first is said first. Resolves to whether it worked. */
function act(id, action, body = {}) {
  const content = JSON.stringify({ agentId: me, ...body });
  lastAction = lastAction.then(() => post(`/_sim/conversations/${encodeURIComponent(id)}/${action}`, content));
  return lastAction;
}

async function post(path, body) {
  const signal = window.AbortSignal.timeout(ANSWER_LIMIT_MS);
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal };
  const response = await fetch(path, request).catch(() => null);
  if (response?.ok) return true;
  const problem = await response?.json().catch(() => null);
  complain(problem?.message ?? 'The simulator did not answer. Please try again.');
  return false;
}

function complain(message) {
  page.error.textContent = message;
  window.clearTimeout(errorTimer);
  errorTimer = setTimeout(() => page.error.replaceChildren(), ERROR_SHOWN_MS);
}

/** A second click while the first is under way does nothing. */
async function decide(id, action, body) {
  if (deciding) return false;
  deciding = true;
  stopTyping();
  const done = await act(id, action, body);
  deciding = false;
  return done;
}

function keepDraft(id, text) {
  drafts.set(id, text);
  if (id === openId) page.reply.value = text;
}

async function send() {
  const id = openId;
  const text = page.reply.value;
  if (text.trim() === '') return;
  stopTyping();
  followsEnd = true;
  keepDraft(id, '');
  if (!(await act(id, 'say', { text }))) keepDraft(id, [text, drafts.get(id)].filter(Boolean).join('\n'));
}

/** The first line is what is asked, the others are the answers to choose from. */
async function offer() {
  const id = openId;
  const [text, ...choices] = page.reply.value
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  if (choices.length === 0)
    return complain('Write the question in the first line, and each answer in a line of its own.');
  stopTyping();
  followsEnd = true;
  if (await act(id, 'offer', { text, choices: choices.join('\n') })) keepDraft(id, '');
}

async function sendFile() {
  const [file] = page.file.files;
  page.file.value = '';
  if (!file) return;
  const reader = new window.FileReader();
  await new Promise((resolve) => {
    reader.onload = resolve;
    reader.readAsDataURL(file);
  });
  followsEnd = true;
  act(openId, 'file', { filename: file.name, contentType: file.type, content: reader.result.split(',')[1] });
}

function typed() {
  drafts.set(openId, page.reply.value);
  if (page.reply.value === '') return stopTyping();
  if (Date.now() - typingAt < TYPING_EVERY_MS) return;
  typingAt = Date.now();
  act(openId, 'typing', { on: true });
}

function stopTyping() {
  if (typingAt === 0) return;
  typingAt = 0;
  if (opened() && isMine(opened())) act(openId, 'typing', { on: false });
}

function chooseAgent() {
  show(null);
  me = page.agent.value;
  sessionStorage.agent = me;
  history.replaceState(null, '', `?agent=${encodeURIComponent(me)}`);
  draw();
}

function onSubmit(form, then) {
  form.onsubmit = (event) => {
    event.preventDefault();
    then();
  };
}

function sendOnEnter(event) {
  // Enter also confirms a word in input methods for Chinese, Japanese and others.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
}

function connection(text, lost) {
  setText(page.connection, text);
  page.connection.classList.toggle('lost', lost);
}

function connect() {
  const stream = new EventSource('/_sim/stream');
  stream.onmessage = ({ data }) => {
    state = JSON.parse(data);
    connection('Connected', false);
    draw();
  };
  stream.onerror = () => {
    connection('Connection lost. Trying again …', true);
    // After an answer that is no stream, such as a proxy's 502, the browser does not try again.
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, RECONNECT_MS);
  };
}

page.agent.onchange = chooseAgent;
page.attach.onclick = () => page.file.click();
page.file.onchange = sendFile;
page.offer.onclick = offer;
page.reply.oninput = typed;
page.reply.onkeydown = sendOnEnter;
page.transcript.onscroll = scrolled;
page.leave.onclick = () => decide(openId, 'leave');
onSubmit(page.composer, send);
onSubmit(page.tools, () => decide(openId, 'transfer', { queueId: page.target.value }));
new window.ResizeObserver(followEnd).observe(page.transcript);
setInterval(() => {
  drawDurations();
  if (opened()) setText(page.where, whereabouts(opened()));
}, 1_000);
connect();

import { Feed } from './feed.js';
import { tileGrid } from './tiles.js';
import { showHandover, Transcript } from './view.js';

const find = (id) => document.getElementById(id);
const [workspace, refusal, connection, earlier, noTiles] = [
  'workspace',
  'refusal',
  'connection',
  'earlier',
  'no-tiles',
].map(find);
const transcript = new Transcript(find('transcript'));
let showTiles;
let before = null;

const on = {
  start(data) {
    transcript.clear();
    find('tiles').replaceChildren();
    showTiles = tileGrid(find('tiles'));
    noTiles.hidden = false;
    showEarlier(data.before);
    workspace.hidden = false;
    say('live', 'Live');
  },
  handover(data) {
    showHandover(data, { name: find('name'), status: find('status'), details: find('details') });
    transcript.update(data);
  },
  messages: (data) => transcript.add(data),
  tiles(data) {
    noTiles.hidden = showTiles(data) > 0;
  },
};

const feed = new Feed(linkOfPage(), {
  event: (name, data) => on[name]?.(data),
  lost: () => say('lost', 'Connection lost. Trying again …'),
  ended: () => say('ended', 'The conversation has ended'),
  refused() {
    workspace.hidden = true;
    find('status').hidden = true;
    find('name').textContent = document.title = 'Agent copilot';
    connection.hidden = true;
    refusal.hidden = false;
  },
});

earlier.onclick = async () => {
  earlier.disabled = true;
  try {
    const { data, next } = await feed.earlier(before);
    transcript.add(data);
    showEarlier(next);
  } catch {
    say('lost', 'Earlier messages could not be loaded. Please try again.');
  } finally {
    earlier.disabled = false;
  }
};

void feed.run();

/** Takes the token out of the address bar at once, so that it stays in no history, bookmark or screenshot. */
function linkOfPage() {
  const query = new URLSearchParams(location.search);
  const [userId, sessionId, urlToken] = ['userId', 'sessionId', 'URLToken'].map((name) => query.get(name) ?? '');
  query.delete('URLToken');
  history.replaceState(null, '', `?${query}`);
  return { userId, sessionId, urlToken };
}

function showEarlier(sequence) {
  before = sequence;
  earlier.hidden = sequence === null;
}

function say(state, text) {
  connection.dataset.state = state;
  connection.textContent = text;
}

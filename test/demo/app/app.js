/** The sample page: who you are, a clock, a chat, an upload and a slow answer, each over the tunnel. */
const $ = (id) => document.getElementById(id);

showWho();
showClock();
prepareChat();
prepareUpload();
prepareSlowAnswer();

async function showWho() {
  const answer = await ask('/who');
  if (answer === undefined) return;
  const { name, headers, assertion } = await answer.json();
  $('name').textContent = name;
  list($('headers'), headers);
  $('verdict').textContent = assertion.valid ? 'Signature verified' : `Not verified: ${assertion.reason}`;
  $('verdict').classList.add(assertion.valid ? 'good' : 'bad');
  list(
    $('claims'),
    Object.entries(assertion.claims ?? {}).map(([claim, value]) => [claim, show(claim, value)]),
  );
}

function showClock() {
  const events = new EventSource('/clock');
  events.onopen = () => {
    $('clock-state').textContent = 'Connected.';
  };
  events.onmessage = ({ data }) => {
    const time = new Date(data);
    $('clock').dateTime = data;
    $('clock').textContent = time.toLocaleTimeString('en-GB');
  };
  events.onerror = () => {
    $('clock-state').textContent = 'Interrupted; the browser tries again.';
    if (events.readyState === EventSource.CLOSED) ask('/who'); // an answer that is no stream: most often an ended session
  };
}

function prepareChat() {
  const state = $('chat-state');
  let socket;
  const connect = () => {
    socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/chat`, 'sample-chat');
    socket.onopen = () => {
      state.textContent = 'Connected.';
    };
    socket.onmessage = ({ data }) => say(JSON.parse(data));
    socket.onclose = ({ code }) => {
      state.textContent = `Closed (${code}). Trying again in two seconds.`;
      setTimeout(connect, 2000);
    };
  };
  connect();
  $('chat').addEventListener('submit', (event) => {
    event.preventDefault();
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send($('words').value);
    $('words').value = '';
  });
}

function say({ from, text }) {
  const line = document.createElement('li');
  const who = document.createElement('strong');
  who.textContent = from;
  line.append(who, text);
  $('messages').append(line);
  line.scrollIntoView({ block: 'nearest' });
}

function prepareUpload() {
  $('file').addEventListener('change', () => {
    const [file] = $('file').files;
    if (file !== undefined) send(file, file.name);
    $('file').value = '';
  });
  $('sample').addEventListener('click', () => send(new Blob([new Uint8Array(20_000_000)]), 'Twenty megabytes'));
}

function send(body, name) {
  const request = new XMLHttpRequest(); // fetch() tells nothing about the progress of an upload
  const state = $('upload-state');
  request.upload.onprogress = ({ loaded, total }) => {
    $('progress').value = total === 0 ? 0 : loaded / total;
    state.textContent = `${name}: ${megabytes(loaded)} of ${megabytes(total)} sent`;
  };
  request.onload = () => {
    if (request.status !== 200) return refused(request.status, request.responseText, state);
    const { bytes, sha256 } = JSON.parse(request.responseText);
    $('progress').value = 1;
    state.textContent = `${name}: the server counted ${bytes.toLocaleString('en')} bytes, SHA-256 ${sha256}`;
  };
  request.onerror = () => {
    state.textContent = `${name}: the connection was lost.`;
  };
  request.open('POST', '/upload');
  request.send(body);
}

function prepareSlowAnswer() {
  const [start, stop, state] = [$('slow'), $('slow-stop'), $('slow-state')];
  let asking;
  start.addEventListener('click', async () => {
    asking = new AbortController();
    [start.disabled, stop.disabled] = [true, false];
    state.textContent = 'Waiting …';
    const answer = await ask('/slow?seconds=3', { signal: asking.signal }).catch(() => 'abandoned');
    if (answer === 'abandoned') state.textContent = 'Abandoned: the request was ended at the server as well.';
    else if (answer !== undefined) state.textContent = await answer.text();
    [start.disabled, stop.disabled] = [false, true];
  });
  stop.addEventListener('click', () => asking.abort());
}

/** Asks for a path; undefined when the answer was a refusal, which is shown. */
async function ask(path, options) {
  const answer = await fetch(path, options);
  if (answer.ok) return answer;
  refused(answer.status, await answer.text(), $('slow-state'));
  return undefined;
}

function refused(status, text, state) {
  const refusal = parse(text);
  state.textContent = `Refused (${status}): ${refusal?.error?.message ?? text}`;
  if (status !== 401) return;
  if (refusal?.login_url) $('sign-in').href = refusal.login_url;
  $('ended').hidden = false;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not every answer is JSON
  }
}

function list(place, rows) {
  for (const [label, value] of rows) {
    const [term, text] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = label;
    text.textContent = value;
    place.append(term, text);
  }
}

function show(claim, value) {
  if (claim === 'exp' || claim === 'iat') return new Date(value * 1000).toLocaleTimeString('en-GB');
  return Array.isArray(value) ? value.join(', ') : String(value);
}

function megabytes(bytes) {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

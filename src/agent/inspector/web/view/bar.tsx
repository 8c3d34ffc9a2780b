/** The bar above all: which tunnel, whether what is shown is live, and what concerns all requests. */
import { clear, closeRecording, setFilter, togglePause } from '../state/actions.js';
import * as store from '../state/store.js';
import { countText } from '../words/units.js';
import { FilterBox } from './filter-box.js';
import { Door, Icon } from './icons.js';
import { Act, CopyButton, KeyHint, SignButton } from './parts.js';

const CONNECTION: Readonly<Record<store.Connection, string>> = {
  connecting: 'connecting…',
  live: 'live',
  lost: 'agent gone',
  'needs-key': 'locked',
};

export function Bar() {
  const here = new Set(store.people.value.map(({ email }) => email)).size;
  const { length: asking } = store.knocks.value;
  const show = (dialog: store.Dialog) => () => {
    store.dialog.value = dialog;
  };
  return (
    <header class="bar-top">
      <div class="line">
        <h1>
          <Door /> <span>Inspector</span>
        </h1>
        <Tunnels />
        <div class="tools">
          <Connection />
          <Act
            label={store.paused.value ? 'Go on' : 'Pause'}
            icon={store.paused.value ? 'play' : 'pause'}
            isPressed={store.paused.value}
            onClick={togglePause}
          />
          <Act label="Clear" icon="close" onClick={clear} />
          <button
            type="button"
            class={asking > 0 ? 'act asking' : 'act'}
            title="Who is here"
            aria-keyshortcuts="w"
            onClick={show('people')}
          >
            <Icon name="people" />
            <span>{asking > 0 ? `${asking} asking` : `${here} here`}</span>
          </button>
          <Act label="HAR" icon="file" onClick={show('har')} />
          <button
            type="button"
            class="act"
            aria-label="Help"
            title="Keys and filter"
            aria-keyshortcuts="?"
            onClick={show('help')}
          >
            <KeyHint name="?" />
          </button>
        </div>
      </div>
      {store.connection.value === 'lost' && (
        <p class="line lost" role="alert">
          The agent does not respond: it may have ended. This is what it has shown last; the page goes on once it is
          back.
        </p>
      )}
      {store.recording.value !== null && (
        <RecordingLine name={store.recording.value.name} leftOut={store.recording.value.leftOut} />
      )}
      <div class="line">
        <FilterBox />
        <span class="count total" role="status">
          {totalText()}
        </span>
      </div>
    </header>
  );
}

/** Where there are several, each by its name: a person chooses one. */
function Tunnels() {
  const { value: tunnels } = store.tunnels;
  const isOne = tunnels.length === 1;
  return (
    <ul class={isOne ? 'tunnels' : 'tunnels several'} aria-label="Tunnels">
      {tunnels.map(({ name, url, target, online }) => (
        <li key={url}>
          <State isOnline={online} />
          <a href={url} title={`${url} → ${target}`} target="_blank" rel="noreferrer noopener">
            {isOne ? short(url) : name}
          </a>
          <CopyButton text={url} what={isOne ? 'address' : `address of ${name}`} />
          {isOne ? (
            <span class="to">→ {short(target)}</span>
          ) : (
            <SignButton label={`Only ${name}`} icon="filter" onClick={() => setFilter(`tunnel:${name} `)} />
          )}
        </li>
      ))}
    </ul>
  );
}

function State({ isOnline }: { readonly isOnline: boolean }) {
  if (store.connection.value === 'lost') return <span class="state">not known</span>;
  return <span class={isOnline ? 'state online' : 'state offline'}>{isOnline ? 'online' : 'offline'}</span>;
}

function short(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

function Connection() {
  const { value } = store.connection;
  const isPaused = value === 'live' && store.paused.value;
  return (
    <span class={`connection ${isPaused ? 'paused' : value}`} role="status">
      {isPaused ? 'paused' : CONNECTION[value]}
    </span>
  );
}

function RecordingLine({ name, leftOut }: { readonly name: string; readonly leftOut: number }) {
  return (
    <div class="line recording" role="status">
      <span>
        <b>{name}</b>, read-only{leftOut > 0 && `; ${countText(leftOut, 'entry', 'entries')} left out`}
      </span>
      <Act label="Back to what is live" onClick={closeRecording} />
    </div>
  );
}

function totalText(): string {
  const shown = store.rows.value.length;
  const held = store.recording.value?.exchanges.length;
  const older = store.recording.value === null && store.nextBefore.value !== null ? '+' : '';
  if (store.recording.value !== null && shown !== held) return `${shown} of ${held}`;
  return older === '' ? countText(shown, 'request') : `${shown}+ requests`;
}

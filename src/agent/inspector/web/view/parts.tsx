/** Small parts that occur everywhere: buttons with their key, a button that copies, a status. */
import type { ComponentChildren } from 'preact';
import type { Exchange } from '../../wire.js';
import { copyText } from '../state/actions.js';
import { statusGroup, statusText, statusWords } from '../words/status.js';
import { Icon, type IconName, StatusShape } from './icons.js';

export interface ActProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly icon?: IconName;
  /** The key that does the same. */
  readonly keyName?: string;
  readonly isPressed?: boolean;
  readonly isMain?: boolean;
}

/** A button with words. */
export function Act({ label, onClick, icon, keyName, isPressed, isMain }: ActProps) {
  return (
    <button
      type="button"
      class={isMain ? 'act main' : 'act'}
      title={label}
      onClick={onClick}
      {...(isPressed !== undefined && { 'aria-pressed': isPressed })}
      {...(keyName && { 'aria-keyshortcuts': keyName })}
    >
      {icon && <Icon name={icon} />}
      <span>{label}</span>
      {keyName && <KeyHint name={keyName} />}
    </button>
  );
}

/** The key for the eye; `aria-keyshortcuts` says it to readers. */
export function KeyHint({ name }: { readonly name: string }) {
  return (
    <span class="key-hint" aria-hidden="true">
      <kbd>{name}</kbd>
    </span>
  );
}

/** A button that is only a sign; its label is for the tooltip and for readers. */
export function SignButton({
  label,
  icon,
  onClick,
}: {
  readonly label: string;
  readonly icon: IconName;
  readonly onClick: () => void;
}) {
  return (
    <button type="button" class="sign" title={label} aria-label={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  return <SignButton label={`Copy ${what}`} icon="copy" onClick={() => copyText(text, what)} />;
}

export function Status({ exchange }: { readonly exchange: Pick<Exchange, 'status' | 'state' | 'kind'> }) {
  const group = statusGroup(exchange);
  return (
    <span class={`status ${group}`}>
      <StatusShape group={group} />
      <span aria-hidden="true">{statusText(exchange)}</span>
      <span class="heard">{statusWords(exchange)}</span>
    </span>
  );
}

/** A tab list of a few words; arrows move in it. */
export function Choice<T extends string>({
  label,
  options,
  chosen,
  onChoose,
}: {
  readonly label: string;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly chosen: T;
  readonly onChoose: (value: T) => void;
}) {
  const step = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const at = options.findIndex(([value]) => value === chosen);
    const next = options[(at + by + options.length) % options.length];
    if (by === 0 || next === undefined) return;
    event.preventDefault();
    onChoose(next[0]);
    const list = event.currentTarget as HTMLElement;
    requestAnimationFrame(() => list.querySelector<HTMLElement>('[aria-selected=true]')?.focus());
  };
  return (
    <div class="choice" role="tablist" aria-label={label} onKeyDown={step}>
      {options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          role="tab"
          aria-selected={value === chosen}
          tabIndex={value === chosen ? 0 : -1}
          onClick={() => onChoose(value)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

export function Problem({ children }: { readonly children: ComponentChildren }) {
  return (
    <p class="problem" role="alert">
      {children}
    </p>
  );
}

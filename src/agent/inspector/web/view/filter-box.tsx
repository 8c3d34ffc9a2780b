/** The filter: a combobox that suggests keys and values that occur. */
import { useComputed, useSignal } from '@preact/signals';
import { setFilter } from '../state/actions.js';
import * as store from '../state/store.js';
import { type Suggestion, suggestions } from '../state/suggest.js';
import { Icon } from './icons.js';
import { KeyHint } from './parts.js';

export function FilterBox() {
  const isOpen = useSignal(false);
  const chosen = useSignal(-1);
  const offered = useComputed(() => (isOpen.value ? suggestions(store.filterText.value, store.liveRows.value) : []));
  const take = ({ text }: Suggestion) => {
    const isKey = text.endsWith(':');
    setFilter(isKey ? text : `${text} `);
    chosen.value = -1;
    isOpen.value = isKey;
    document.getElementById('filter')?.focus();
  };
  const press = (event: KeyboardEvent) => {
    const list = offered.value;
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const one = list[chosen.value];
    if (by !== 0 && list.length > 0) {
      event.preventDefault();
      chosen.value = (chosen.value + by + list.length + (chosen.value < 0 && by < 0 ? 1 : 0)) % list.length;
    } else if (event.key === 'Tab' && isOpen.value && store.filterText.value !== '' && list[0] !== undefined) {
      event.preventDefault();
      take(one ?? list[0]);
    } else if (event.key === 'Enter') {
      if (one !== undefined) take(one);
      else (event.currentTarget as HTMLElement).blur(); // the next key is for the list
    } else if (event.key === 'Escape' && isOpen.value && list.length > 0) {
      event.stopPropagation();
      isOpen.value = false;
    }
  };
  const type = (text: string) => {
    setFilter(text);
    chosen.value = -1;
    isOpen.value = true;
  };
  const problem = store.filterProblem.value;
  const isShown = offered.value.length > 0;
  return (
    <div class="filter">
      <div class="field">
        <input
          id="filter"
          type="text"
          role="combobox"
          aria-label="Filter requests"
          aria-expanded={isShown}
          aria-controls="suggestions"
          aria-autocomplete="list"
          aria-invalid={problem !== undefined}
          aria-describedby="filter-problem"
          {...(chosen.value >= 0 && { 'aria-activedescendant': `suggestion-${chosen.value}` })}
          placeholder="Filter: status:5xx method:POST path:/api person:ana, or words"
          spellcheck={false}
          autocomplete="off"
          value={store.filterText.value}
          onInput={({ currentTarget }) => type(currentTarget.value)}
          onFocus={() => (isOpen.value = true)}
          onBlur={() => (isOpen.value = false)}
          onKeyDown={press}
        />
        {store.filterText.value === '' ? (
          <KeyHint name="/" />
        ) : (
          <button
            type="button"
            class="sign"
            aria-label="Clear the filter"
            title="Clear the filter"
            onClick={() => setFilter('')}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      <p id="filter-problem" class="filter-problem" role="status">
        {!isShown && problem?.message}
      </p>
      <div id="suggestions" role="listbox" aria-label="Suggestions" hidden={!isShown}>
        {offered.value.map((suggestion, at) => (
          <div
            key={suggestion.shown}
            id={`suggestion-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === chosen.value}
            onPointerDown={(event) => {
              event.preventDefault();
              take(suggestion);
            }}
          >
            <code>{suggestion.shown}</code> <span>{suggestion.hint}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

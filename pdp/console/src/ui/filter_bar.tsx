import type { JSX, RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Facets } from '../api/schema';
import { everything, type Field, fields, type Filter, labelOf, parseSearch, ranges, withValue } from '../lib/filter';
import { formatTime } from '../lib/format';
import { visible } from '../lib/safe_text';
import { Text } from './text';

// What an <input type="datetime-local"> holds, in the reader's zone.
const toLocal = (time: string | undefined): string => (time === undefined ? '' : formatTime(time).replace(' ', 'T'));
const fromLocal = (value: string): string | undefined => {
  const date = new Date(value);
  return value === '' || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

// Search, time range and what is filtered by. All of it stands in the address.
export function FilterBar({ filter, onApply, searchRef, facets }: { filter: Filter; onApply: (next: Filter) => void; searchRef: RefObject<HTMLInputElement>; facets: Facets | undefined }): JSX.Element {
  const [typed, setTyped] = useState(filter.text);
  const [adding, setAdding] = useState<Field>();
  const [value, setValue] = useState('');
  const absolute = filter.from !== undefined || filter.until !== undefined;
  const [custom, setCustom] = useState(absolute);
  const [from, setFrom] = useState(toLocal(filter.from));
  const [until, setUntil] = useState(toLocal(filter.until));
  useEffect(() => setTyped(filter.text), [filter.text]);
  useEffect(() => {
    setCustom(absolute);
    setFrom(toLocal(filter.from));
    setUntil(toLocal(filter.until));
  }, [filter.from, filter.until]);

  const tooShort = typed.trim() !== '' && parseSearch(typed).text !== '' && parseSearch(typed).text.length < 3;
  const search = (): void => {
    const found = parseSearch(typed);
    if (tooShort) return;
    onApply({ ...filter, values: { ...filter.values, ...found.values }, text: found.text });
    setTyped(found.text);
  };
  const { range: _, from: __, until: ___, ...timeless } = filter;
  const chips = fields.filter(({ name }) => filter.values[name] !== undefined);

  return (
    <div class="card filter-bar" role="search">
      <form class="filter-line" onSubmit={(event) => { event.preventDefault(); search(); }}>
        <div class="search">
          <label class="visually-hidden" for="search">Search the log</label>
          <input
            id="search" ref={searchRef} type="text" inputMode="search" autocomplete="off" spellcheck={false} maxLength={256} value={typed} aria-describedby="search-hint"
            placeholder="Search: any text, host:pastebin.com, subject:keycloak/rita…" onInput={(event) => setTyped(event.currentTarget.value)}
          />
          <kbd aria-hidden="true">/</kbd>
        </div>
        <label class="visually-hidden" for="range">Time</label>
        <select
          id="range" value={absolute || custom ? 'custom' : (filter.range ?? '')}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            setCustom(chosen === 'custom');
            if (chosen === 'custom') return;
            onApply(chosen === '' ? timeless : { ...timeless, range: chosen });
          }}
        >
          <option value="">Any time</option>
          {ranges.map((each) => <option value={each.name}>{each.label}</option>)}
          <option value="custom">From … until …</option>
        </select>
        <button type="submit" class="button primary">Search</button>
      </form>
      <p id="search-hint" class={tooShort ? 'small' : 'visually-hidden'} role={tooShort ? 'alert' : undefined}>{tooShort ? 'Free text needs at least three characters.' : 'A word like host:NAME filters a field; the rest is free text of at least three characters.'}</p>
      {custom && (
        <form class="custom-time" onSubmit={(event) => {
          event.preventDefault();
          const start = fromLocal(from);
          const end = fromLocal(until);
          onApply({ ...timeless, ...(start !== undefined && { from: start }), ...(end !== undefined && { until: end }) });
        }}>
          <div class="field"><label for="time-from">From</label><input id="time-from" type="datetime-local" step="1" value={from} onInput={(event) => setFrom(event.currentTarget.value)} /></div>
          <div class="field"><label for="time-until">Until</label><input id="time-until" type="datetime-local" step="1" value={until} onInput={(event) => setUntil(event.currentTarget.value)} /></div>
          <button type="submit" class="button">Apply</button>
        </form>
      )}
      <div class="filter-line">
        <div class="chips">
          {filter.text !== '' && (
            <span class="chip"><b>Text</b><Text value={filter.text} /><button type="button" aria-label={`Remove the filter Text: ${visible(filter.text)}`} onClick={() => onApply({ ...filter, text: '' })}>×</button></span>
          )}
          {chips.map(({ name }) => (
            <span class="chip" key={name}>
              <b>{labelOf(name)}</b><Text value={filter.values[name] ?? ''} />
              <button type="button" aria-label={`Remove the filter ${labelOf(name)}: ${visible(filter.values[name] ?? '')}`} onClick={() => onApply(withValue(filter, name, undefined))}>×</button>
            </span>
          ))}
          {adding === undefined ? (
            <select aria-label="Add a filter" value="" onChange={(event) => { setAdding(event.currentTarget.value as Field); setValue(''); }}>
              <option value="">+ Filter</option>
              {fields.map(({ name, label }) => <option value={name}>{label}</option>)}
            </select>
          ) : (
            <form class="chips" onSubmit={(event) => { event.preventDefault(); if (value.trim() !== '') onApply(withValue(filter, adding, value.trim())); setAdding(undefined); }}>
              <label for="add-value"><b>{labelOf(adding)}</b></label>
              <input
                id="add-value" list="add-values" ref={(element) => { if (element !== null && value === '') element.focus(); }} autocomplete="off" value={value}
                onInput={(event) => setValue(event.currentTarget.value)} onKeyDown={(event) => { if (event.key === 'Escape') setAdding(undefined); }}
              />
              <datalist id="add-values">{facets?.facets.find((each) => each.field === adding)?.values.map((each) => <option value={each.value} label={visible(each.value)} />)}</datalist>
              <button type="submit" class="button compact">Add</button>
              <button type="button" class="button compact plain" onClick={() => setAdding(undefined)}>Cancel</button>
            </form>
          )}
          {(chips.length > 1 || (chips.length > 0 && filter.text !== '')) && (
            <button type="button" class="button compact plain" onClick={() => onApply({ ...everything, hideAdministration: filter.hideAdministration })}>Clear all</button>
          )}
        </div>
        <span class="field inline" style={{ marginLeft: 'auto' }}>
          <input id="administration" type="checkbox" checked={!filter.hideAdministration} onChange={(event) => onApply({ ...filter, hideAdministration: !event.currentTarget.checked })} />
          <label for="administration">Also this console's own requests</label>
        </span>
      </div>
    </div>
  );
}

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { navigate } from '../lib/router';
import { highlight } from '../lib/yaml_highlight';
import { CodeText } from './text';

// Arrow keys go from one line's link to the next; Tab goes past them all.
function moveBetweenLines(event: JSX.TargetedKeyboardEvent<HTMLOListElement>): void {
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>('a.no')];
  const at = links.findIndex((link) => link === document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (at < 0 || next === undefined || links[next] === undefined) return;
  event.preventDefault();
  links[next].focus();
}

// YAML with line numbers; where `linkOf` is given each is a link to its line. `marked` are the lines from the first to the last; they are brought into view, within the box only.
export function YamlView({ text, firstLine = 1, marked, linkOf, label, excerpt = false }: {
  excerpt?: boolean; text: string; firstLine?: number; marked?: readonly [number, number] | undefined; linkOf?: (line: number) => string; label: string;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const mark = marked?.[0];
  useEffect(() => {
    const line = box.current?.querySelector<HTMLElement>('li.marked');
    if (box.current && line) box.current.scrollTop = Math.max(0, line.offsetTop - box.current.offsetTop - 80);
  }, [text, mark]);
  const lines = highlight(text.replace(/\n$/, ''));
  const tabbed = mark !== undefined && mark >= firstLine && mark < firstLine + lines.length ? mark : firstLine;
  return (
    <div class={`code${excerpt ? ' excerpt' : ''}`} ref={box} tabIndex={0} role="region" aria-label={label}>
      <ol onKeyDown={linkOf && moveBetweenLines}>
        {lines.map((tokens, index) => {
          const number = firstLine + index;
          const isMarked = marked !== undefined && number >= marked[0] && number <= marked[1];
          return (
            <li class={isMarked ? 'marked' : ''}>
              {linkOf === undefined
                ? <span class="no">{number}</span>
                : <a class="no" href={linkOf(number)} tabIndex={number === tabbed ? 0 : -1} aria-label={`Line ${number}`} onClick={(event) => { if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return; event.preventDefault(); navigate(linkOf(number), 'replace'); }}>{number}</a>}
              <span>{tokens.map((token) => (token.kind === 'plain' ? <CodeText value={token.text} /> : <span class={token.kind}><CodeText value={token.text} /></span>))}</span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

export function JsonView({ value, label }: { value: unknown; label: string }): JSX.Element {
  const lines = JSON.stringify(value, null, 2).split('\n');
  return (
    <div class="code wrap" tabIndex={0} role="region" aria-label={label}>
      <ol>{lines.map((line, index) => <li><span class="no">{index + 1}</span><span>{colourJson(line)}</span></li>)}</ol>
    </div>
  );
}

function colourJson(line: string): ComponentChildren {
  const found = /^(\s*)("(?:[^"\\]|\\.)*")(:)?(.*)$/.exec(line);
  if (found === null) return <CodeText value={line} />;
  const [, indent, first, colon, rest] = found;
  if (colon === undefined) return <><CodeText value={indent ?? ''} /><span class="string"><CodeText value={first ?? ''} /></span><CodeText value={rest ?? ''} /></>;
  const kind = /^\s*"/.test(rest ?? '') ? 'string' : /^\s*[-\d]/.test(rest ?? '') ? 'number' : 'constant';
  return <><CodeText value={indent ?? ''} /><span class="key"><CodeText value={first ?? ''} /></span>:<span class={kind}><CodeText value={rest ?? ''} /></span></>;
}

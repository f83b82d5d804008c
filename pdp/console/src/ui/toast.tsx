import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

interface Message { readonly id: number; readonly kind: 'done' | 'deny'; readonly text: ComponentChildren }

let last = 0;
let show: (message: Message) => void = () => undefined;

// Says something in passing. What went wrong stays until it is closed; the rest goes by itself.
export function toast(text: ComponentChildren, kind: Message['kind'] = 'done'): void {
  show({ id: ++last, kind, text });
}

const shownFor = 6000;  // ms

export function Toasts(): JSX.Element {
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const close = (id: number): void => setMessages((all) => all.filter((each) => each.id !== id));
  useEffect(() => {
    show = (message) => {
      setMessages((all) => [...all.slice(-3), message]);
      if (message.kind === 'done') window.setTimeout(() => close(message.id), shownFor);
    };
    return () => { show = () => undefined; };
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {messages.map((message) => (
        <div key={message.id} class={`toast ${message.kind}`}>
          <div>{message.text}</div>
          <button type="button" aria-label="Close" onClick={() => close(message.id)}>×</button>
        </div>
      ))}
    </div>
  );
}

// The PDP's events as a gate hears them: a connection to `GET /v1/events`, and the messages that came over it.
import http from 'node:http';
import { eventually } from './processes.mjs';

export class Events {
  constructor(url, credential, lastEventId) {
    const headers = { Authorization: `Bearer ${credential}`, ...(lastEventId === undefined ? {} : { 'Last-Event-ID': String(lastEventId) }) };
    this.messages = [];  // {event, id, data, at}
    this.closed = false;
    this.opened = new Promise((resolve, reject) => {
      this.request = http.get(`${url}/v1/events`, { headers, agent: false }, (answer) => {
        resolve(answer);
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part) => {
          text += part;
          for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) this.messages.push(read(text.slice(0, end)));
        });
        answer.on('close', () => { this.closed = true; });
        answer.on('error', () => {});
      });
      this.request.on('error', (error) => { this.closed = true; reject(error); });
    });
    this.opened.catch(() => {});
  }

  // The first message for which `wanted` holds.
  heard(what, wanted) {
    return eventually(what, () => this.messages.find(wanted), { every: 2 });
  }
  hello() { return this.heard('hello', ({ event }) => event === 'hello'); }
  cutOf(session) { return this.heard(`that ${session} is cut`, ({ event, data }) => event === 'revocation' && (data.all || data.sessions.includes(session))); }
  // What came but for heartbeats, like `revocation 3 session`.
  get told() {
    return this.messages.filter(({ event }) => event !== 'heartbeat').map(({ event, data }) => [event, data.event, data.kind].filter((part) => part !== undefined).join(' '));
  }
  close() { this.request.destroy(); }
}

function read(text) {
  const message = { at: performance.now() };
  for (const line of text.split('\n')) {
    const [, name, value] = /^(\w+): (.*)$/.exec(line);
    message[name] = value;
  }
  message.data = JSON.parse(message.data);
  return message;
}

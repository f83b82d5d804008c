// HTTP as the tests need it: over TCP or a Unix socket, on kept connections; and sockets for what no HTTP client says.
import http from 'node:http';
import net from 'node:net';

// One request: {status, headers, text, json}. `url` is http://HOST:PORT/PATH; with `socket` the path of a Unix socket. Without
// an `agent` on a connection of its own.
export function request(url, { method = 'GET', headers = {}, body, socket, agent = false, timeout = 30_000 } = {}) {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const options = { method, headers: { ...headers }, agent, timeout };
    if (socket) options.socketPath = socket;
    else Object.assign(options, { host: target.hostname, port: target.port });
    options.path = target.pathname + target.search;
    if (body !== undefined) options.headers['Content-Length'] = Buffer.byteLength(body);
    const out = http.request(options, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString();
        let json;
        try { json = JSON.parse(text); } catch { json = undefined; }
        resolve({ status: answer.statusCode, headers: answer.headers, text, json });
      });
    });
    out.on('timeout', () => out.destroy(new Error(`no answer of ${url} within ${timeout} ms`)));
    out.on('error', reject);
    out.end(body);
  });
}

export function postJson(url, value, options = {}) {
  return request(url, {
    method: 'POST', body: typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value), ...options,
    headers: { 'Content-Type': 'application/json', ...options.headers },
  });
}

// Sends `bytes` (a string is latin1) and gives back all that comes until the peer closes, or `until` says that it is enough.
export function exchangeBytes(host, port, bytes, { until = () => false, within = 30_000, end = false } = {}) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host);
    let got = Buffer.alloc(0);
    const timer = setTimeout(() => { socket.destroy(); reject(new Error(`the peer neither closed nor answered within ${within} ms; it said ${JSON.stringify(got.toString('latin1').slice(0, 300))}`)); }, within);
    const done = () => { clearTimeout(timer); socket.destroy(); resolve(got.toString('latin1')); };
    socket.on('connect', () => {
      for (const part of Array.isArray(bytes) ? bytes : [bytes]) socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
      if (end) socket.end();
    });
    socket.on('data', (data) => {
      got = Buffer.concat([got, data]);
      if (until(got.toString('latin1'))) done();
    });
    socket.on('end', done);
    socket.on('close', done);
    // A peer that refuses what is still being sent may reset; what it said before counts.
    socket.on('error', () => {});
  });
}

// The status lines of the answers in `text`.
export function statuses(text) {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

// A real OpenID provider (oidc-provider) on loopback, in this process, and tokens that no provider would issue.
import { createHmac, generateKeyPairSync, randomBytes, createHash, sign as signBytes, constants } from 'node:crypto';
import { createServer } from 'node:http';
import { request } from './requests.mjs';

let Provider;
try {
  ({ default: Provider } = await import('oidc-provider'));
} catch (error) {
  throw new Error('the end-to-end tests need their npm packages: run `npm --prefix tests/e2e ci`', { cause: error });
}

const base64url = (value) => Buffer.from(value).toString('base64url');

// New signing keys, private JWKs: one RSA (RS256, PS256), one P-256 (ES256), one Ed25519 (EdDSA).
export function makeKeys(tag) {
  const jwk = (type, options, name) => ({
    ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid: `${tag}-${name}`, use: 'sig',
  });
  return [jwk('rsa', { modulusLength: 2048 }, 'rsa'), jwk('ec', { namedCurve: 'P-256' }, 'ec'), jwk('ed25519', {}, 'ed')];
}

// The people and programs that the provider knows.
export const accounts = {
  rita: { groups: ['/agents/research'], tenant: 'acme' },
  nobody: { groups: ['/agents/none'], tenant: 'acme' },
  gus: { groups: ['/agents/research'], tenant: 'globex' },
  pia: { groups: ['/people/platform'] },  // runs everything, and has no tenant
  aria: { groups: ['/people/audit'], tenant: 'acme' },
  lost: { groups: ['/people/audit'] },  // an auditor whose tenant the provider forgot
};
const secret = 'known to the provider and to us';
const redirect = 'http://127.0.0.1:1/callback';

function configuration(keys, clients) {
  return {
    clients: [
      ...Object.keys(accounts).map((name) => ({
        client_id: `${name}-agent`, client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
      })),
      { client_id: 'portreeve', client_secret: secret, grant_types: ['authorization_code'], redirect_uris: [redirect], response_types: ['code'] },
      { client_id: 'elsewhere', client_secret: secret, grant_types: ['authorization_code'], redirect_uris: [redirect], response_types: ['code'] },
      ...clients,
    ],
    jwks: { keys },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: { openid: ['sub', 'groups', 'tenant'] },
    conformIdTokenClaims: false,
    ttl: { AccessToken: 300, AuthorizationCode: 60, ClientCredentials: (_, token) => token.resourceServer?.accessTokenTTL ?? 300, Grant: 300, IdToken: 300, Interaction: 300, Session: 300 },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
    extraTokenClaims: (_, token) => accounts[token.clientId?.replace(/-agent$/, '')],
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // urn:test:AUDIENCE:ALGORITHM:SECONDS says what kind of token is wanted.
        getResourceServerInfo: (_, indicator) => {
          const [, , audience, alg, seconds] = indicator.split(':');
          return { scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: Number(seconds), jwt: { sign: { alg } } };
        },
      },
    },
  };
}

export class Issuer {
  // `clients`: further ones, as oidc-provider takes them.
  constructor(keys, clients = []) { Object.assign(this, { keys, clients }); }

  // On `port`, or a free one.
  async start(port = 0) {
    this.server = createServer((request, response) => this.handle(request, response));
    await new Promise((resolve, reject) => { this.server.on('error', reject); this.server.listen(port, '127.0.0.1', resolve); });
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    const told = console.info;
    const warned = console.warn;
    console.info = console.warn = () => {};  // its advice for production
    try {
      this.handle = new Provider(this.url, configuration(this.keys, this.clients)).callback();
    } finally {
      console.info = told;
      console.warn = warned;
    }
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  // Stops, and comes back with other keys, as after a rotation.
  async rotate(keys) {
    await this.stop();
    this.keys = keys;
    return this.start(this.port);
  }

  // Asks the token endpoint, as the client.
  async post(client, form) {
    const answer = await request(`${this.url}/token`, {
      method: 'POST', body: new URLSearchParams(form).toString(), headers: {
        'Content-Type': 'application/x-www-form-urlencoded', Authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`,
      },
    });
    if (answer.status !== 200) throw new Error(`the provider refused: ${answer.text}`);
    return answer.json;
  }

  // An access token (JWT) by the client credentials grant (RFC 6749 §4.4, RFC 8707).
  async accessToken(account, { algorithm = 'RS256', audience = 'portreeve', seconds = 300 } = {}) {
    const got = await this.post(`${account}-agent`, { grant_type: 'client_credentials', resource: `urn:test:${audience}:${algorithm}:${seconds}` });
    return got.access_token;
  }

  // Goes through the provider's pages as a browser does: sign in, consent, come back. The address below `back` that the browser is sent to.
  async authorize(at, account, back) {
    const jar = new Map();
    const visit = async (url, form) => {
      const answer = await request(url, {
        method: form ? 'POST' : 'GET', body: form && new URLSearchParams(form).toString(), headers: {
          Cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '), ...(form ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}),
        },
      });
      for (const cookie of answer.headers['set-cookie'] ?? []) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
        if (value) jar.set(name, value); else jar.delete(name);
      }
      return answer;
    };
    for (let step = 0; step < 12; ++step) {
      let answer = await visit(at);
      if (answer.status === 200) {  // a page with a form: who it is, or whether that is all right
        const page = answer.text;
        const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
        if (!prompt) throw new Error(`no form at ${at}:\n${page}`);
        answer = await visit(new URL(/action="([^"]+)"/.exec(page)[1], this.url), { prompt, login: account, password: 'any' });
      }
      const next = answer.headers.location;
      if (!next) throw new Error(`the provider answered ${answer.status} at ${at}: ${answer.text}`);
      at = new URL(next, this.url).href;
      if (at.startsWith(back)) return at;
    }
    throw new Error(`the provider never came back to ${back}`);
  }

  // An ID token by the authorization code flow with PKCE, as a browser goes through it: sign in, consent, come back.
  async idToken(account, client = 'portreeve') {
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({
      client_id: client, response_type: 'code', scope: 'openid', redirect_uri: redirect, code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    });
    const at = await this.authorize(`${this.url}/auth?${query}`, account, redirect);
    const code = new URL(at).searchParams.get('code');
    const got = await this.post(client, { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier });
    return got.id_token;
  }
}

// A signed JWT, whatever it says. `key` is a KeyObject or PEM; for HS256 the bytes of the secret.
export function forge(header, claims, key) {
  const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`;
  let signature;
  switch (header.alg) {
    case 'EdDSA': signature = signBytes(null, Buffer.from(input), key); break;
    case 'RS256': signature = signBytes('sha256', Buffer.from(input), key); break;
    case 'PS256': signature = signBytes('sha256', Buffer.from(input), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }); break;
    case 'ES256': signature = signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }); break;
    case 'HS256': signature = createHmac('sha256', key).update(input).digest(); break;
    default: signature = Buffer.alloc(0);
  }
  return `${input}.${base64url(signature)}`;
}

export function readToken(token) {
  const [header, claims] = token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  return { header, claims };
}

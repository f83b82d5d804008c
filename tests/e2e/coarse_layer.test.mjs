// What `portreeve compile` writes for a host, loaded in a network namespace and held against real packets. What each case
// sends stands in support/packet_lab.py; before the rules are loaded every one of them arrives.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { makeFolder, program, run, sourceFolder } from './support/processes.mjs';

const deployment = `
uplinks: [up0]
sandboxes:
  - { name: a, interface: pt-a, mac: "02:00:5e:10:00:02", ipv4: 10.200.0.2, ipv6: "fd00:200::2" }
  - { name: b, interface: pt-b, mac: "02:00:5e:10:00:03", ipv4: 10.200.0.3, ipv6: "fd00:200::3" }
gates:
  proxy: { addresses: [10.200.0.1, "fd00:200::1"], port: 3128, user: 991, reaches: ["127.0.0.1:8180"] }
  broker: { addresses: [10.9.0.2, "fd00:9::2"], port: 8182 }
control: { interface: up0, controllers: [10.200.0.1/32, "fd00:200::1/128", 10.9.0.9/32] }
`;

// Of all cases these pass, and nothing else does.
const passing = ['proxy', 'proxy over IPv6', 'broker beyond the host', 'broker beyond the host over IPv6', 'the outside to the host', 'a controller outside'];
const connected = ['sandbox to proxy', 'sandbox to proxy over IPv6', 'sandbox to broker beyond the host', 'host to control port',
  'host to control port over IPv6', "gate's user to the internet", "gate's user to an internal service", "gate's user to what it reaches",
  'host to loopback', 'host to metadata'];

const folder = makeFolder('coarse-layer');
const policies = join(folder, 'policies');
mkdirSync(policies);
cpSync(join(sourceFolder, 'tests/tools/substrate/golden/policies.yaml'), join(policies, 'policies.yaml'));

async function compile(target, text, name) {
  const file = join(folder, `${name}.yaml`);
  const output = join(folder, `${name}.${target}`);
  writeFileSync(file, text);
  const made = await run(program('portreeve'), ['compile', '--target', target, '--policies', policies, '--deployment', file, '--output', output]);
  assert.equal(made.code, 0, made.stderr);
  return { output, warned: made.stderr };
}

const packets = async (command) => {
  const lab = await run('python3', [join(sourceFolder, 'tests/e2e/support/packet_lab.py'), ...command], { timeout: 120_000 });
  assert.equal(lab.code, 0, lab.stderr);
  return JSON.parse(lab.stdout);
};
const loaders = { nftables: (file) => ['nft', '-f', file], iptables: (file) => ['sh', file] };
const true_of = (results) => Object.keys(results).filter((name) => results[name]);

for (const target of ['nftables', 'iptables']) {
  describe(`the coarse layer by ${target}`, () => {
    let seen;
    before(async () => { seen = await packets(loaders[target]((await compile(target, deployment, 'some')).output)); });

    it('holds packets that all arrive without it', () => {
      assert.deepEqual(Object.keys(seen.before).filter((name) => seen.before[name] === null), []);
      assert.ok(Object.keys(seen.before).length > 50);
    });

    it('lets through what the deployment opens, whole and by nothing but its own address', () => {
      assert.deepEqual(true_of(seen.after).sort(), [...passing].sort());
      for (const name of passing) assert.equal(seen.after[name], seen.before[name], name);
    });

    it('lets connections be made where it should, both ways, over IPv4 and IPv6', () => {
      assert.deepEqual(true_of(seen.connections).sort(), [...connected].sort());
    });

    if (target === 'nftables') {
      it('believes no forged neighbour', () => assert.deepEqual(seen['forged ARP'], { before: true, after: false }));
    }
  });

  describe(`the coarse layer by ${target}, of a deployment in which nothing is configured`, () => {
    it('is closed', async () => {
      const { output, warned } = await compile(target, '', 'nothing');
      assert.match(warned, /nothing\.yaml: warning: no `uplinks`: these rules close every interface of the host but the loopback one\n/);
      const seen = await packets(loaders[target](output));
      assert.deepEqual(true_of(seen.after), []);
      assert.deepEqual(true_of(seen.connections), ["gate's user to what it reaches", "gate's user to loopback", 'host to loopback']);
    });
  });
}

describe('portreeve compile', () => {
  it('writes the same for the same, and nothing where something is wrong', async () => {
    const first = await compile('nftables', deployment, 'twice');
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, 'uplinks: [eth0]\nsandboxen: []\n');
    const refused = await run(program('portreeve'), ['compile', '--target', 'nftables', '--policies', policies, '--deployment', file, '--output', first.output]);
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /bad\.yaml:2:1: error: unknown key `sandboxen` \(did you mean `sandboxes`\?\)\nportreeve: nothing was compiled\n$/);
    const again = await run(program('portreeve'), ['compile', '--target', 'nftables', '--policies', policies, '--deployment', join(folder, 'twice.yaml')]);
    const kept = await run('cat', [first.output]);
    assert.equal(again.stdout, kept.stdout);
  });

  it('says which targets there are', async () => {
    const refused = await run(program('portreeve'), ['compile', '--target', 'ipfw', '--deployment', 'x']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /nftables,iptables,networkpolicy,headscale/);
  });

  // The script takes either variant of iptables, the one over nftables and the older one.
  for (const variant of ['nft', 'legacy']) {
    it(`hooks its iptables chains in once, first, and into DOCKER-USER where that is (${variant})`, async () => {
      const { output } = await compile('iptables', deployment, 'hooks');
      const tools = join(folder, variant);
      mkdirSync(tools);
      for (const name of ['iptables', 'iptables-restore', 'ip6tables', 'ip6tables-restore']) {
        writeFileSync(join(tools, name), `#!/bin/sh\nexec ${name.replace('tables', `tables-${variant}`)} "$@"\n`, { mode: 0o755 });
      }
      const script = 'iptables -N DOCKER-USER && iptables -A INPUT -p tcp --dport 1 -j ACCEPT && sh "$0" && iptables -I INPUT 1 -j ACCEPT && sh "$0" && iptables -S && echo -- && ip6tables -S';
      const unshare = process.getuid() === 0 ? ['--net'] : ['--user', '--map-root-user', '--net'];
      const done = await run('unshare', [...unshare, 'sh', '-ec', script, output], { env: { ...process.env, PATH: `${tools}:${process.env.PATH}:/usr/sbin` } });
      assert.equal(done.code, 0, done.stderr);
      const [rules4, rules6] = done.stdout.split('--\n');
      const of = (rules, chain) => rules.split('\n').filter((line) => line.startsWith(`-A ${chain} `));
      assert.deepEqual(of(rules4, 'INPUT'), ['-A INPUT -j PORTREEVE-INPUT', '-A INPUT -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 1 -j ACCEPT']);
      assert.deepEqual(of(rules4, 'DOCKER-USER'), ['-A DOCKER-USER -j PORTREEVE-FORWARD']);
      for (const rules of [rules4, rules6]) {
        assert.deepEqual(of(rules, 'FORWARD'), ['-A FORWARD -j PORTREEVE-FORWARD']);
        assert.deepEqual(of(rules, 'OUTPUT'), ['-A OUTPUT -j PORTREEVE-OUTPUT']);
      }
    });
  }
});

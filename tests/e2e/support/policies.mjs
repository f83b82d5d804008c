// The policy set of the tests that go through the proxy: one role of researchers, and what is closed to everyone.
export const decisionPath = (issuer) => `apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec:
  issuer: ${issuer}
  audiences: [portreeve]
  algorithms: [RS256, PS256, ES256, EdDSA]
  jwks: discovery
  claims: { subject: sub, groups: groups, tenant: tenant }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: researcher }
spec: {}
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: research }
spec: { roles: [researcher], subjects: [{ group: /agents/research }] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: research-web }
spec:
  roles: [researcher]
  rules:
    - { id: packages, effect: allow, hosts: [packages.example.org] }
    - { id: git, effect: allow, hosts: [git.example.org] }
    - { id: docs, effect: allow, hosts: ["**.docs.example.org"] }
    - { id: limited, effect: allow, hosts: [limited.example.org], limits: { bytesOut: 64KiB, idle: 4s, connections: 1 } }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: everyone }
spec:
  rules:
    - { id: no-paste-sites, effect: deny, hosts: [paste.docs.example.org], reason: paste sites carry data out }
`;

// One rule that may be asked about without a session.
export const access = (rule, effect, resource = 'document') => `apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec: { issuer: "https://idp.example.com", audiences: [portreeve], algorithms: [EdDSA], jwks: { uri: "https://idp.example.com/keys" } }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: documents }
spec:
  rules:
    - { id: ${rule}, effect: ${effect}, actions: [read], resources: [{ type: ${resource} }] }
`;

export const mayRead = (id = '1') => ({
  subject: { type: 'user', id: 'idp/rita' }, action: { name: 'read' }, resource: { type: 'document', id },
});

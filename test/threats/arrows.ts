import type { Arrow } from './model.ts';

/** Every arrow of the house (design, sections 2 and 7) that crosses from one trust to another. */
export const ARROWS: readonly Arrow[] = [
  {
    ...{ id: 'person-api', from: 'a person (browser, terminal)', to: 'api' },
    carries: 'tasks, verdicts, freezes, readings',
    threats: {
      ...{ spoofing: ['T19', 'T28', 'T9'], tampering: ['T29', 'T6'], repudiation: ['T48'] },
      ...{ disclosure: ['T18', 'T54'], denial: ['T49', 'T10', 'T26', 'T98'], elevation: ['T8', 'T18', 'T27'] },
    },
  },
  {
    ...{ id: 'agent-api', from: 'an agent outside (MCP client, SDK hook)', to: 'api' },
    carries: 'intents and wishes; decisions and results back',
    threats: {
      ...{ spoofing: ['T30', 'T40', 'T97'], tampering: ['T41', 'T33'], repudiation: ['T50'] },
      ...{ disclosure: ['T42', 'T44'], denial: ['T51', 'T49'], elevation: ['T31', 'T32', 'T34', 'T47'] },
    },
  },
  {
    ...{ id: 'provider-api', from: 'an identity provider, a workload’s issuer', to: 'api' },
    carries: 'sign-ins, claims, keys',
    threats: {
      ...{ spoofing: ['T28', 'T30'], tampering: ['T52'], repudiation: ['T53'] },
      ...{ disclosure: ['T54'], denial: ['T55'], elevation: ['T56'] },
    },
  },
  {
    ...{ id: 'system-api', from: 'a system that enforces our decisions', to: 'api' },
    carries: 'questions about others (AuthZEN), public keys, grants to be checked',
    threats: {
      ...{ spoofing: ['T95', 'T30'], tampering: ['T96'], repudiation: ['T95'] },
      ...{ disclosure: ['T95'], denial: ['T49'], elevation: ['T95', 'T69'] },
    },
  },
  {
    ...{ id: 'source-context', from: 'a source', to: 'context' },
    carries: 'records and documents from anybody',
    threats: {
      ...{ spoofing: ['T57'], tampering: ['T1', 'T5'], repudiation: ['T58'] },
      ...{ disclosure: ['T59', 'T4', 'T20'], denial: ['T21'], elevation: ['T1', 'T2'] },
    },
  },
  {
    ...{ id: 'reasoner-model', from: 'reasoner', to: 'a model endpoint, and back' },
    carries: 'questions with evidence; answers and wishes',
    threats: {
      ...{ spoofing: ['T57'], tampering: ['T22', 'T23'], repudiation: ['T60'] },
      ...{ disclosure: ['T37', 'T38', 'T39'], denial: ['T61'], elevation: ['T1', 'T35', 'T36'] },
    },
  },
  {
    ...{ id: 'role-database', from: 'each role', to: 'PostgreSQL' },
    carries: 'state, records, sealed values',
    threats: {
      ...{ spoofing: ['T62', 'T97'], tampering: ['T15', 'T63'], repudiation: ['T14'] },
      ...{ disclosure: ['T64', 'T17'], denial: ['T65', 'T24'], elevation: ['T62', 'T11'] },
    },
  },
  {
    ...{ id: 'gatekeeper-executor', from: 'gatekeeper', to: 'executor' },
    carries: 'grants',
    threats: {
      ...{ spoofing: ['T7', 'T9'], tampering: ['T63', 'T7'], repudiation: ['T13'] },
      ...{ disclosure: ['T66'], denial: ['T67'], elevation: ['T3', 'T12'] },
    },
  },
  {
    ...{ id: 'executor-tool', from: 'executor', to: 'a tool downstream, and back' },
    carries: 'one call with its grant; its result',
    threats: {
      ...{ spoofing: ['T57', 'T20'], tampering: ['T6', 'T96'], repudiation: ['T14', 'T13'] },
      ...{ disclosure: ['T39', 'T37'], denial: ['T68'], elevation: ['T69', 'T3'] },
    },
  },
  {
    ...{ id: 'executor-secrets', from: 'executor', to: 'a secret store' },
    carries: 'credentials for one call',
    threats: {
      ...{ spoofing: ['T57', 'T70'], tampering: ['T70'], repudiation: ['T70'] },
      ...{ disclosure: ['T71'], denial: ['T72'], elevation: ['T71', 'T69'] },
    },
  },
  {
    ...{ id: 'upstream-gateway', from: 'an upstream MCP server', to: 'gateway' },
    carries: 'definitions of tools; results',
    threats: {
      ...{ spoofing: ['T43'], tampering: ['T43', 'T46'], repudiation: ['T74'] },
      ...{ disclosure: ['T44', 'T45'], denial: ['T73', 'T21'], elevation: ['T45', 'T46'] },
    },
  },
  {
    ...{ id: 'log-outside', from: 'the log', to: 'anchors, witnesses, receivers of streams' },
    carries: 'checkpoints, tiles, records',
    threats: {
      ...{ spoofing: ['T75'], tampering: ['T16'], repudiation: ['T16', 'T87'] },
      ...{ disclosure: ['T17'], denial: ['T76'], elevation: ['T77'] },
    },
  },
  {
    ...{ id: 'notifier-channel', from: 'notifier', to: 'chat and e-mail' },
    carries: 'that somebody is needed',
    threats: {
      ...{ spoofing: ['T78'], tampering: ['T79'], repudiation: ['T80'] },
      ...{ disclosure: ['T81'], denial: ['T82'], elevation: ['T78'] },
    },
  },
  {
    ...{
      id: 'author-release',
      from: 'authors of workflows and policy',
      to: 'the server, by releases and configuration',
    },
    carries: 'code, prompts, policies, contracts, packages',
    threats: {
      ...{ spoofing: ['T83'], tampering: ['T25', 'T83'], repudiation: ['T84'] },
      ...{ disclosure: ['T85'], denial: ['T86', 'T11'], elevation: ['T12'] },
    },
  },
  {
    ...{ id: 'operator-state', from: 'an operator on the machine', to: 'state folder, backups' },
    carries: 'keys, secrets, archives',
    threats: {
      ...{ spoofing: ['T24'], tampering: ['T87', 'T70'], repudiation: ['T84', 'T70'] },
      ...{ disclosure: ['T88', 'T90'], denial: ['T89'], elevation: ['T90'] },
    },
  },
  {
    ...{ id: 'record-auditor', from: 'the record', to: 'auditors' },
    carries: 'searches, exports, receipts, reports of evidence',
    threats: {
      ...{ spoofing: ['T91'], tampering: ['T91', 'T15'], repudiation: ['T92'] },
      ...{ disclosure: ['T92', 'T17'], denial: ['T93'], elevation: ['T79', 'T94'] },
    },
  },
];

export { policyDeciderContract } from './decider-contract.ts';
export {
  actRequest,
  admitRequest,
  apiRequest,
  askRequest,
  environmentFacts,
  person,
  type RequestOf,
  readRequest,
  workflowFacts,
} from './requests.ts';

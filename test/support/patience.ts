/** Settings for tests of other things than timeouts: a busy machine must not make the service give up. */
export const patience = {
  STATEMENT_TIMEOUT_MS: '100000',
  LOCK_TIMEOUT_MS: '100000',
  CLAIM_WAIT_TIMEOUT_MS: '100000',
  CLAIM_OUTCOME_TIMEOUT_MS: '100000',
  SHUTDOWN_TIMEOUT_MS: '100000',
};

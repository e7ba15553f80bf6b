// The whole script of the approval page: it asks for what is to be signed, lets the passkey sign, and sends that. What the
// server says is put into the page as text alone.
(() => {
  const main = document.querySelector('main');
  const reason = document.getElementById('reason');
  const status = document.getElementById('status');
  const buttons = ['approve', 'deny', 'confirm'].map((verdict) => document.getElementById(verdict)).filter(Boolean);
  if (!reason || !status || buttons.length === 0) return;
  const { approval, digest, preview } = main.dataset;
  const reasonCharsMin = Number(main.dataset.reason);
  // A denial that was begun in the console brings its reason behind the `#`: as text, to be read and signed here. It does
  // not stay in the address.
  const brought = new URLSearchParams(location.hash.slice(1)).get('reason');
  if (brought !== null) {
    reason.value = brought;
    history.replaceState(null, '', location.pathname + location.search);
  }
  const say = (text) => {
    status.textContent = text;
  };
  const enable = (on) => {
    for (const button of buttons) button.disabled = !on;
  };

  const send = (path, body, how) =>
    fetch(`/v1/approvals/${approval}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'same-origin',
      ...how,
    });

  const ask = async (path, body) => {
    const answer = await send(path, body);
    const told = await answer.json();
    if (!answer.ok) throw new Error(`${told.detail} ${told.next}`);
    return told;
  };

  // How long the page was in view is measured, and decides nothing: a failed report is not tried again.
  let shownSince = document.visibilityState === 'visible' ? performance.now() : null;
  const reportView = () => {
    if (shownSince === null) return;
    const visible_ms = Math.min(Math.round(performance.now() - shownSince), 86_400_000);
    shownSince = document.visibilityState === 'visible' ? performance.now() : null;
    send('views', { visible_ms }, { keepalive: true }).catch(() => undefined);
  };
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') shownSince = performance.now();
    else reportView();
  });

  const decide = async (verdict) => {
    const why = reason.value.trim();
    if ((why.match(/[\p{L}\p{N}]/gu)?.length ?? 0) < reasonCharsMin) {
      say(`Say why first, in at least ${reasonCharsMin} letters.`);
      reason.focus();
      return;
    }
    enable(false);
    reportView();
    try {
      say('Your passkey is asked to sign.');
      const shown = { reason: why, proposal_digest: digest, preview_digest: preview || null };
      const [challenges, verdicts, wish] =
        verdict === 'confirm'
          ? ['confirmation-challenges', 'confirmations', shown]
          : ['challenges', 'passkey-verdicts', { ...shown, verdict }];
      const { statement, options } = await ask(challenges, wish);
      // What is signed is what was clicked on, on what is shown.
      if (statement.verdict !== verdict || statement.proposal_digest !== digest || statement.approval !== approval)
        throw new Error('The server asked for another signature than this page shows. Nothing was signed.');
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
      const { id, response } = (await navigator.credentials.get({ publicKey })).toJSON();
      const closed = await ask(verdicts, {
        handle: id,
        client_data: response.clientDataJSON,
        authenticator_data: response.authenticatorData,
        signature: response.signature,
      });
      say(`Your verdict \u201c${verdict}\u201d is signed and recorded. The approval is ${closed.state}.`);
    } catch (error) {
      say(error instanceof Error ? error.message : 'It did not work, and nothing was decided.');
      enable(true);
    }
  };

  for (const button of buttons) button.addEventListener('click', () => decide(button.id));
  const able = typeof PublicKeyCredential === 'function' && 'parseRequestOptionsFromJSON' in PublicKeyCredential;
  say(able ? '' : 'This browser has no passkeys: decide in the terminal.');
  enable(able);
})();

-- Keeping back and settling are one statement each. Every question to a model locks the rows of the same budgets: had the
-- process to answer in between, they would stay locked for as long as its other work takes, and each question would wait for
-- all before it.

-- Null limits bound nothing. Gives no row where all budgets have room for it and it is kept back; else the first that has
-- not, by its place among them, with the unit that is short, and nothing is changed.
CREATE FUNCTION budgets_keep_back(
  given_id text, given_run text, given_workflow text, given_owner text, given_month text, given_until timestamptz,
  given_tokens bigint, given_micros bigint,
  budgets text[], months text[], limits_tokens bigint[], limits_micros bigint[]
) RETURNS TABLE (place integer, unit text, used bigint, reserved bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO budget_uses (budget, month)
    SELECT u.b, u.m FROM unnest(budgets, months) AS u (b, m) ORDER BY u.b, u.m
    ON CONFLICT (budget, month) DO NOTHING;
  -- Always in the same order.
  PERFORM FROM budget_uses AS b
    WHERE (b.budget, b.month) IN (SELECT u.b, u.m FROM unnest(budgets, months) AS u (b, m))
    ORDER BY b.budget, b.month FOR UPDATE;
  -- A question without a price takes nothing of a budget of money.
  RETURN QUERY
    SELECT l.n::integer, each.unit, each.used, each.reserved
    FROM unnest(budgets, months, limits_tokens, limits_micros) WITH ORDINALITY AS l (b, m, most_tokens, most_micros, n)
    JOIN budget_uses AS b ON b.budget = l.b AND b.month = l.m
    CROSS JOIN LATERAL (VALUES
      (1, 'micros', l.most_micros, given_micros, b.micros, b.reserved_micros),
      (2, 'tokens', l.most_tokens, given_tokens, b.tokens, b.reserved_tokens)
    ) AS each (turn, unit, most, asked, used, reserved)
    WHERE each.most IS NOT NULL AND each.asked > 0 AND each.used + each.reserved + each.asked > each.most
    ORDER BY l.n, each.turn LIMIT 1;
  IF FOUND THEN RETURN; END IF;
  UPDATE budget_uses AS b
    SET reserved_tokens = b.reserved_tokens + given_tokens, reserved_micros = b.reserved_micros + given_micros
    WHERE (b.budget, b.month) IN (SELECT u.b, u.m FROM unnest(budgets, months) AS u (b, m));
  INSERT INTO budget_reservations (id, run, workflow, owner, month, tokens, micros, until)
    VALUES (given_id, given_run, given_workflow, given_owner, given_month, given_tokens, given_micros, given_until);
END $$;

-- Puts right what was kept back, once: counts as spent what is given, and without it all that was kept back. Gives whether
-- there was something. The budgets are those that `budgets.ts` names.
CREATE FUNCTION budgets_settle(given_id text, used_tokens bigint, used_micros bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  kept budget_reservations;
  names text[];
BEGIN
  DELETE FROM budget_reservations WHERE id = given_id RETURNING * INTO kept;
  IF NOT FOUND THEN RETURN false; END IF;
  names := ARRAY['all', 'owner:' || kept.owner, 'workflow:' || kept.workflow];
  PERFORM FROM budget_uses AS b
    WHERE (b.budget = ANY (names) AND b.month = kept.month) OR (b.budget = 'run:' || kept.run AND b.month = '')
    ORDER BY b.budget, b.month FOR UPDATE;
  UPDATE budget_uses AS b SET
    tokens = b.tokens + coalesce(used_tokens, kept.tokens), micros = b.micros + coalesce(used_micros, kept.micros),
    reserved_tokens = b.reserved_tokens - kept.tokens, reserved_micros = b.reserved_micros - kept.micros
    WHERE (b.budget = ANY (names) AND b.month = kept.month) OR (b.budget = 'run:' || kept.run AND b.month = '');
  RETURN true;
END $$;

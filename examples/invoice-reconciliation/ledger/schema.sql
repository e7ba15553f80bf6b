-- The ledger of the example: what was ordered, what is to be paid, and where invoices differ. Amounts are whole cents.
CREATE TABLE orders (
  order_number text PRIMARY KEY,
  supplier text NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency text NOT NULL
);
CREATE TABLE payments (
  payment bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_number text NOT NULL UNIQUE REFERENCES orders,
  invoice_number text NOT NULL UNIQUE,
  amount_cents bigint NOT NULL,
  cancelled boolean NOT NULL DEFAULT false
);
CREATE TABLE differences (
  difference bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_number text NOT NULL UNIQUE REFERENCES orders,
  explanation text NOT NULL,
  withdrawn boolean NOT NULL DEFAULT false
);
INSERT INTO orders VALUES
  ('PO-2026-0001', 'Northwind Traders', 70000, 'EUR'),
  ('PO-2026-0002', 'Northwind Traders', 480000, 'EUR'),
  ('PO-2026-0003', 'Fabrikam Cleaning', 21500, 'EUR'),
  ('PO-2026-0004', 'Fabrikam Cleaning', 33000, 'EUR'),
  ('PO-2026-0005', 'Contoso Paper', 12050, 'EUR');

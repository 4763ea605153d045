-- What rows of several tables must agree on, and no key can say.
--
-- As in 0009_triggers.sql: the full names and the search path keep out tables of the session, and
-- the functions run as whoever writes, under row security. What may be written in any order is asked
-- when the transaction is committed.

-- A transaction's units go into lots once: what it opened and what it closed, of its own instrument,
-- is no more than it moved. V1 made the lots of a purchase a second time. What is traded is the
-- instrument of its transaction; an exercise or a merger moves one and opens lots of another.
CREATE FUNCTION check_lots_of_transaction() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    booked bigint; moved numeric; traded bigint; opened numeric; closed numeric;
    is_trade boolean; held bigint;
BEGIN
    IF TG_TABLE_NAME = 'tax_lots' THEN
        booked := NEW.opening_transaction_id;
        held := NEW.instrument_id;
        is_trade := NEW.origin IN ('purchase', 'short_sale', 'reinvestment');
    ELSE
        booked := NEW.closing_transaction_id;
        SELECT instrument_id INTO held FROM public.tax_lots WHERE id = NEW.lot_id;
        is_trade := NEW.kind IN ('sale', 'cover');
    END IF;
    SELECT instrument_id, coalesce(abs(quantity), 0) INTO traded, moved FROM public.transactions
        WHERE user_id = NEW.user_id AND account_id = NEW.account_id AND id = booked;
    IF is_trade AND held IS DISTINCT FROM traded THEN
        RAISE EXCEPTION 'transaction % is of instrument %, so it trades no lot of instrument %',
            booked, traded, held
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = 'transactions',
                CONSTRAINT = 'ck_transactions_lots_of_instrument';
    END IF;
    SELECT coalesce(sum(opened_quantity), 0) INTO opened FROM public.tax_lots
        WHERE user_id = NEW.user_id AND account_id = NEW.account_id
            AND opening_transaction_id = booked AND instrument_id = traded;
    SELECT coalesce(sum(d.closed_quantity), 0) INTO closed
        FROM public.lot_disposals d JOIN public.tax_lots l ON l.id = d.lot_id
        WHERE d.user_id = NEW.user_id AND d.account_id = NEW.account_id
            AND d.closing_transaction_id = booked AND l.instrument_id = traded;
    IF opened + closed > moved THEN
        RAISE EXCEPTION 'transaction % moved % units, yet lots of % are opened and % closed by it',
            booked, moved, opened, closed
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = 'transactions',
                CONSTRAINT = 'ck_transactions_lots_within_quantity';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER tax_lots_within_transaction AFTER INSERT ON tax_lots
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.opening_transaction_id IS NOT NULL)
    EXECUTE FUNCTION check_lots_of_transaction();

CREATE CONSTRAINT TRIGGER tax_lots_changed_within_transaction AFTER UPDATE ON tax_lots
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.opening_transaction_id IS NOT NULL
        AND (OLD.opening_transaction_id, OLD.instrument_id, OLD.origin, OLD.opened_quantity)
            IS DISTINCT FROM
            (NEW.opening_transaction_id, NEW.instrument_id, NEW.origin, NEW.opened_quantity))
    EXECUTE FUNCTION check_lots_of_transaction();

CREATE CONSTRAINT TRIGGER lot_disposals_within_transaction AFTER INSERT ON lot_disposals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.closing_transaction_id IS NOT NULL)
    EXECUTE FUNCTION check_lots_of_transaction();

CREATE CONSTRAINT TRIGGER lot_disposals_changed_within_transaction AFTER UPDATE ON lot_disposals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.closing_transaction_id IS NOT NULL
        AND (OLD.closing_transaction_id, OLD.lot_id, OLD.kind, OLD.closed_quantity)
            IS DISTINCT FROM
            (NEW.closing_transaction_id, NEW.lot_id, NEW.kind, NEW.closed_quantity))
    EXECUTE FUNCTION check_lots_of_transaction();

-- A sale closes what was bought, a cover what was sold short, and neither before it was opened.
CREATE FUNCTION check_disposals_fit_lot() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE lot bigint; held record; closed record;
BEGIN
    IF TG_TABLE_NAME = 'tax_lots' THEN
        lot := NEW.id;
    ELSE
        lot := NEW.lot_id;
    END IF;
    SELECT side, acquired_on INTO held FROM public.tax_lots WHERE id = lot;
    FOR closed IN SELECT kind, disposed_on FROM public.lot_disposals WHERE lot_id = lot
    LOOP
        IF (held.side, closed.kind) IN (('long', 'cover'), ('short', 'sale')) THEN
            RAISE EXCEPTION 'lot % is %, so no % can close it', lot, held.side, closed.kind
                USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA,
                    TABLE = 'lot_disposals', CONSTRAINT = 'ck_lot_disposals_kind_of_side';
        ELSIF closed.disposed_on < held.acquired_on THEN
            RAISE EXCEPTION 'lot % was opened on %, so it cannot be closed on %',
                lot, held.acquired_on, closed.disposed_on
                USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA,
                    TABLE = 'lot_disposals', CONSTRAINT = 'ck_lot_disposals_closed_after_opened';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER lot_disposals_fit AFTER INSERT ON lot_disposals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION check_disposals_fit_lot();

CREATE CONSTRAINT TRIGGER lot_disposals_changed_fit AFTER UPDATE ON lot_disposals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.lot_id, OLD.kind, OLD.disposed_on)
        IS DISTINCT FROM (NEW.lot_id, NEW.kind, NEW.disposed_on))
    EXECUTE FUNCTION check_disposals_fit_lot();

CREATE CONSTRAINT TRIGGER tax_lots_changed_fit AFTER UPDATE ON tax_lots
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.side, OLD.acquired_on) IS DISTINCT FROM (NEW.side, NEW.acquired_on))
    EXECUTE FUNCTION check_disposals_fit_lot();

-- Wash sales disallow no more than the disposal says, for no more units than it closed, and what
-- replaced them is another lot.
CREATE FUNCTION check_wash_sales() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE disposal bigint; lost record; replaced record;
BEGIN
    IF TG_TABLE_NAME = 'lot_disposals' THEN
        disposal := NEW.id;
    ELSE
        disposal := NEW.disposal_id;
    END IF;
    SELECT lot_id, closed_quantity, disallowed_loss INTO lost
        FROM public.lot_disposals WHERE id = disposal;
    SELECT coalesce(sum(quantity), 0) AS units, coalesce(sum(disallowed_loss), 0) AS loss,
            coalesce(bool_or(replacement_lot_id = lost.lot_id), false) AS by_itself
        INTO replaced FROM public.wash_sale_adjustments WHERE disposal_id = disposal;
    IF replaced.units > lost.closed_quantity OR replaced.loss > lost.disallowed_loss THEN
        RAISE EXCEPTION
            'disposal % closed % units and disallows %, yet wash sales replace % and disallow %',
            disposal, lost.closed_quantity, lost.disallowed_loss, replaced.units, replaced.loss
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA,
                TABLE = 'wash_sale_adjustments',
                CONSTRAINT = 'ck_wash_sale_adjustments_within_disposal';
    ELSIF replaced.by_itself THEN
        RAISE EXCEPTION 'lot % cannot replace what disposal % closed of it', lost.lot_id, disposal
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA,
                TABLE = 'wash_sale_adjustments',
                CONSTRAINT = 'ck_wash_sale_adjustments_by_another_lot';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER wash_sale_adjustments_within_disposal
    AFTER INSERT OR UPDATE ON wash_sale_adjustments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION check_wash_sales();

CREATE CONSTRAINT TRIGGER lot_disposals_cover_wash_sales AFTER UPDATE ON lot_disposals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.lot_id, OLD.closed_quantity, OLD.disallowed_loss)
        IS DISTINCT FROM (NEW.lot_id, NEW.closed_quantity, NEW.disallowed_loss))
    EXECUTE FUNCTION check_wash_sales();

-- A reversal takes back what it names, all of it, and nothing else; a reversal is not reversed.
CREATE FUNCTION check_reversal() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.transactions t
        WHERE t.user_id = NEW.user_id AND t.account_id = NEW.account_id AND t.id = NEW.reverses_id
            AND t.reverses_id IS NULL
            AND (t.kind, t.instrument_id, t.currency, t.multiplier, t.price)
                IS NOT DISTINCT FROM
                (NEW.kind, NEW.instrument_id, NEW.currency, NEW.multiplier, NEW.price)
            AND (t.quantity, t.gross_amount, t.commission, t.fees, t.tax, t.net_amount)
                IS NOT DISTINCT FROM
                (-NEW.quantity, -NEW.gross_amount, -NEW.commission, -NEW.fees, -NEW.tax,
                    -NEW.net_amount)
    ) THEN
        RAISE EXCEPTION 'transaction % does not take back transaction % as it was booked',
            NEW.id, NEW.reverses_id
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = 'transactions',
                CONSTRAINT = 'ck_transactions_reverses_exactly';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER reverses_exactly AFTER INSERT ON transactions
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL)
    EXECUTE FUNCTION check_reversal();

-- A fill has the side of its order, and a trade the side of the fill it books.
CREATE FUNCTION check_side_of_order() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE asked text;
BEGIN
    SELECT side INTO asked FROM public.orders
        WHERE user_id = NEW.user_id AND account_id = NEW.account_id AND id = NEW.order_id;
    IF starts_with(asked, 'buy') <> (NEW.side = 'buy') THEN
        RAISE EXCEPTION 'order % asks to %, so no fill of it can be a %',
            NEW.order_id, asked, NEW.side
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = 'fills',
                CONSTRAINT = 'ck_fills_side_of_order';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER side_of_order AFTER INSERT ON fills
    FOR EACH ROW WHEN (NEW.order_id IS NOT NULL)
    EXECUTE FUNCTION check_side_of_order();

CREATE FUNCTION check_side_of_fill() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE done text;
BEGIN
    SELECT side INTO done FROM public.fills
        WHERE user_id = NEW.user_id AND account_id = NEW.account_id AND id = NEW.fill_id;
    IF starts_with(NEW.kind, 'buy') <> (done = 'buy') THEN
        RAISE EXCEPTION 'fill % is a %, so it cannot be booked as a %', NEW.fill_id, done, NEW.kind
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = 'transactions',
                CONSTRAINT = 'ck_transactions_side_of_fill';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER side_of_fill AFTER INSERT ON transactions
    FOR EACH ROW
    WHEN (NEW.fill_id IS NOT NULL AND NEW.kind IN ('buy', 'sell', 'sell_short', 'buy_to_cover'))
    EXECUTE FUNCTION check_side_of_fill();

-- The details of a dividend are of a transaction that paid one, in its currency.
CREATE FUNCTION check_dividend_of_transaction() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE paid record;
BEGIN
    SELECT kind, currency INTO paid FROM public.transactions
        WHERE user_id = NEW.user_id AND account_id = NEW.account_id AND id = NEW.transaction_id;
    IF paid.kind NOT IN ('dividend', 'payment_in_lieu', 'return_of_capital')
        OR paid.currency <> NEW.currency THEN
        RAISE EXCEPTION 'transaction % is a % in %, so no dividend in % can be its details',
            NEW.transaction_id, paid.kind, paid.currency, NEW.currency
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = 'dividends',
                CONSTRAINT = 'ck_dividends_of_transaction';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER of_transaction AFTER INSERT ON dividends
    FOR EACH ROW EXECUTE FUNCTION check_dividend_of_transaction();

-- No category is a part of itself, however far up. One change of a user's categories at a time, or
-- two of them could close a circle that neither sees.
CREATE FUNCTION check_category_parents() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('categories of ' || NEW.user_id, 0));
    IF EXISTS (
        WITH RECURSIVE above (id) AS (
            SELECT NEW.parent_id
            UNION
            SELECT c.parent_id FROM public.categories c JOIN above a ON c.id = a.id
            WHERE c.user_id = NEW.user_id AND c.parent_id IS NOT NULL
        )
        SELECT FROM above WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'category % would be a part of itself', NEW.id
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = 'categories',
                CONSTRAINT = 'ck_categories_not_in_itself';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER not_in_itself AFTER INSERT OR UPDATE OF parent_id ON categories
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL)
    EXECUTE FUNCTION check_category_parents();

-- The books balance: what is left of a lot is what was opened less what was closed of it.
--
-- Asked when the transaction is committed, so that lots and disposals may be written in any order.
-- A table of the session must not stand in for ours: hence the full names and the search path.
-- It runs as whoever writes, under row security, and so needs no rights of its own. A lot that has
-- a disposal cannot be deleted (a foreign key), so deleting a lot has nothing to ask.

CREATE FUNCTION check_lot_balance() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE touched bigint[]; lot bigint; opened numeric; remaining numeric; disposed numeric;
BEGIN
    IF TG_TABLE_NAME = 'tax_lots' THEN
        touched := ARRAY[NEW.id];
    ELSIF TG_OP = 'INSERT' THEN
        touched := ARRAY[NEW.lot_id];
    ELSIF TG_OP = 'DELETE' THEN
        touched := ARRAY[OLD.lot_id];
    ELSE
        touched := ARRAY[OLD.lot_id, NEW.lot_id];
    END IF;

    -- Two small statements are six times as fast as one that joins.
    FOREACH lot IN ARRAY touched
    LOOP
        SELECT quantity, remaining_quantity INTO opened, remaining FROM public.tax_lots WHERE id = lot;
        CONTINUE WHEN NOT FOUND;
        SELECT coalesce(sum(quantity), 0) INTO disposed FROM public.lot_disposals WHERE lot_id = lot;
        IF remaining <> opened - disposed THEN
            RAISE EXCEPTION 'lot % does not balance: of % opened % are disposed of, yet % remain',
                lot, opened, disposed, remaining
                USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = 'tax_lots',
                    CONSTRAINT = 'ck_tax_lots_disposals_balance';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- A lot of which everything is left needs no question: a disposal of it will ask.
CREATE CONSTRAINT TRIGGER tax_lots_added_balance AFTER INSERT ON tax_lots
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.remaining_quantity <> NEW.quantity)
    EXECUTE FUNCTION check_lot_balance();

CREATE CONSTRAINT TRIGGER tax_lots_changed_balance AFTER UPDATE ON tax_lots
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.id, OLD.quantity, OLD.remaining_quantity)
        IS DISTINCT FROM (NEW.id, NEW.quantity, NEW.remaining_quantity))
    EXECUTE FUNCTION check_lot_balance();

CREATE CONSTRAINT TRIGGER lot_disposals_balance AFTER INSERT OR DELETE ON lot_disposals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION check_lot_balance();

CREATE CONSTRAINT TRIGGER lot_disposals_changed_balance AFTER UPDATE ON lot_disposals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.lot_id, OLD.quantity) IS DISTINCT FROM (NEW.lot_id, NEW.quantity))
    EXECUTE FUNCTION check_lot_balance();

-- An event follows the one before it in its chain. Without this whoever may add to a chain could
-- leave a gap that no later event can close, or use up its numbers. It asks after row security has.
CREATE FUNCTION follow_the_chain() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NEW.seq > 1 AND NOT EXISTS (
        SELECT FROM public.audit_events e
        WHERE e.user_id IS NOT DISTINCT FROM NEW.user_id AND e.seq = NEW.seq - 1
            AND e.hash = NEW.previous_hash
    ) THEN
        RAISE EXCEPTION 'event % follows no event of its chain', NEW.seq
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = 'audit_events',
                CONSTRAINT = 'ck_audit_events_follows_another';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER follows_another AFTER INSERT ON audit_events
    FOR EACH ROW EXECUTE FUNCTION follow_the_chain();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER follows_another;

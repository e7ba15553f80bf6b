import { type ReactNode, useCallback, useRef, useState } from 'react';
import { codeOf, queryClient, wordsOf } from '../api/client.ts';
import { Prove } from './prove.tsx';
import { Text } from './text.tsx';

/**
 * Does something that changes something: asks for a fresh proof of who one is where the server wants one, and then does
 * it. `element` stands in the page that acts; what is refused is said there.
 */
export function useAct(): {
  readonly act: (change: () => Promise<unknown>) => Promise<boolean>;
  readonly busy: boolean;
  readonly element: ReactNode;
} {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const [proving, setProving] = useState(false);
  const waits = useRef<{ change: () => Promise<unknown>; done: (did: boolean) => void } | null>(null);

  const attempt = useCallback(async (change: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setFault(null);
    try {
      await change();
      await queryClient.invalidateQueries();
      return true;
    } catch (error) {
      if (codeOf(error) === 'proof_needed')
        return await new Promise<boolean>((done) => {
          waits.current = { change, done };
          setProving(true);
        });
      setFault(error);
      return false;
    } finally {
      setBusy(false);
    }
  }, []);

  const proven = (did: boolean): void => {
    const { change, done } = waits.current ?? {};
    waits.current = null;
    setProving(false);
    if (!did || !change) done?.(false);
    else attempt(change).then(done, () => done?.(false));
  };

  const words = fault ? wordsOf(fault) : null;
  return {
    act: attempt,
    busy,
    element: (
      <>
        {words ? (
          <p className="note bad" role="alert">
            <Text>{`${words.what} ${words.next}`}</Text>
          </p>
        ) : null}
        {proving ? <Prove onDone={proven} /> : null}
      </>
    ),
  };
}

/** Sign-in: by a link of the command line, by an API token, or by an OIDC issuer. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError } from './api.js';
import { Button } from './components/button.js';
import { ErrorNote } from './components/note.js';
import { CodeBlock } from './components/show.js';
import { t } from './i18n.js';
import { leaveForIssuer, readIssuers, signInWithToken } from './session.js';

export function SignIn(props: { readonly problem: ApiError | null; readonly hasSignedOut: boolean }) {
  const problem = useSignal(props.problem);
  const issuers = useSignal<readonly string[]>([]);
  const token = useSignal('');
  const isBusy = useSignal(false);
  useEffect(() => {
    document.title = `${t('signIn.title')} · ecs-image-import`;
    readIssuers().then(
      (names) => {
        issuers.value = names;
      },
      // The other ways remain.
      () => {},
    );
  }, []);
  useEffect(() => {
    problem.value = props.problem;
  }, [props.problem]);

  async function submit(): Promise<void> {
    isBusy.value = true;
    problem.value = null;
    try {
      await signInWithToken(token.value.trim());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      problem.value = error;
    } finally {
      isBusy.value = false;
    }
  }

  return (
    <div class="sign-in">
      <h1>ecs-image-import</h1>
      {props.hasSignedOut ? <p role="status">{t('signIn.signedOut')}</p> : null}
      {problem.value === null ? null : <ErrorNote error={problem.value} />}
      {issuers.value.length === 0 ? null : (
        <div class="stack-small">
          {issuers.value.map((issuer) => (
            <Button key={issuer} onClick={() => leaveForIssuer(issuer)}>
              {t('signIn.issuer', { issuer })}
            </Button>
          ))}
        </div>
      )}
      <form
        class="card card-body stack-small"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label class="field">
          <span>{t('signIn.token')}</span>
          <input
            type="password"
            name="token"
            autocomplete="current-password"
            required
            value={token.value}
            aria-describedby="token-hint"
            onInput={({ currentTarget }) => {
              token.value = currentTarget.value;
            }}
          />
        </label>
        <p id="token-hint" class="muted small">
          {t('signIn.tokenHint')}
        </p>
        <Button kind="primary" type="submit" isBusy={isBusy.value}>
          {t('signIn.submit')}
        </Button>
      </form>
      <div class="stack-small">
        <p class="muted">{t('signIn.link')}</p>
        <CodeBlock text="ecs-image-import open" of={t('signIn.linkCommand')} />
      </div>
    </div>
  );
}

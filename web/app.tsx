/** The frame of the page: navigation, sign-in, the offline notice, and the view of the address. */
import { useSignal } from '@preact/signals';
import { Component, type ComponentChildren, type FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ACTIONS } from '../domain/access/may.js';
import { hrefOf } from './address.js';
import { Button } from './components/button.js';
import { ConfirmHost } from './components/confirm-button.js';
import { Empty, Loading, Note } from './components/note.js';
import { CodeBlock, Time } from './components/show.js';
import { LANGUAGES, language, setLanguage, t } from './i18n.js';
import { offlineSince } from './live/connection.js';
import { address } from './router.js';
import { mayDo, session, signOut } from './session.js';
import { SignIn } from './sign-in.js';
import { setTheme, THEMES, theme } from './theme.js';
import type { ViewProps } from './view-props.js';
import { VIEWS, type View } from './views.js';

export function App() {
  const { value } = session;
  if (value.kind === 'loading') return <Loading />;
  if (value.kind === 'signedOut') {
    return (
      <main>
        <Offline />
        <SignIn problem={value.problem} hasSignedOut={value.hasSignedOut} />
      </main>
    );
  }
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {t('nav.skip')}
      </button>
      <Side />
      <div>
        <Offline />
        <main id="main" class="main" tabIndex={-1}>
          <Shown />
        </main>
        <ConfirmHost />
      </div>
    </div>
  );
}

function Side() {
  const [name = ''] = address.value.path;
  return (
    <header class="side">
      <div class="side-head">
        <a class="brand" href="#/">
          <Mark />
          ecs-image-import
        </a>
        <Settings />
      </div>
      <nav class="nav" aria-label={t('nav.main')}>
        <ul>
          {VIEWS.filter(({ isInNavigation, needs }) => isInNavigation && (needs === undefined || mayDo(needs))).map(
            (view) => (
              <li key={view.name}>
                <a
                  href={hrefOf(view.name === '' ? [] : [view.name])}
                  aria-current={view.name === name ? 'page' : undefined}
                >
                  {t(view.title)}
                </a>
              </li>
            ),
          )}
        </ul>
      </nav>
      <Account />
    </header>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" class="mark">
      <rect width="32" height="32" rx="7" />
      <path d="M8 20v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3M16 19V7m0 0-5 5m5-5 5 5" />
    </svg>
  );
}

function Settings() {
  return (
    <details class="settings">
      <summary>{t('shell.settings')}</summary>
      <div class="settings-body">
        <label class="field">
          <span>{t('shell.theme')}</span>
          <select
            value={theme.value}
            onChange={({ currentTarget }) => {
              const chosen = THEMES.find((one) => one === currentTarget.value);
              if (chosen !== undefined) setTheme(chosen);
            }}
          >
            {THEMES.map((one) => (
              <option key={one} value={one}>
                {t(`shell.theme.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{t('shell.language')}</span>
          <select
            value={language.value}
            onChange={({ currentTarget }) => {
              void setLanguage(currentTarget.value === 'zh-CN' ? 'zh-CN' : 'en');
            }}
          >
            {Object.entries(LANGUAGES).map(([tag, name]) => (
              <option key={tag} value={tag} lang={tag}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
    </details>
  );
}

function Account() {
  const { value } = session;
  if (value.kind !== 'signedIn') return null;
  const { id, name, role } = value.identity;
  const isAnonymous = id === 'anonymous';
  return (
    <div class="account">
      <span class="identity" title={id}>
        {name} <span class="muted">({t(`role.${role}`)})</span>
      </span>
      {isAnonymous ? null : (
        <Button isSmall onClick={() => void signOut()}>
          {t('shell.signOut')}
        </Button>
      )}
    </div>
  );
}

function Offline() {
  const since = offlineSince.value;
  if (since === null) return <div role="status" />;
  const [before = '', after = ''] = t('shell.offline').split('{time}');
  return (
    <div role="status" class="offline">
      {before}
      <Time at={since.toISOString()} form="time" />
      {after}
    </div>
  );
}

/** The view of the address. The one before stays visible until the code of the next has arrived. */
function Shown() {
  const { path } = address.value;
  const [name = '', ...rest] = path;
  const view = VIEWS.find((one) => one.name === name);
  const loaded = useSignal<{ readonly view: View; readonly Content: FunctionComponent<ViewProps> } | null>(null);
  const failure = useSignal<Error | null>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    if (view === undefined) return;
    let isLeft = false;
    failure.value = null;
    view.load().then(
      ({ default: Content }) => {
        if (isLeft) return;
        loaded.value = { view, Content };
        if (!isFirst.current) {
          scrollTo(0, 0);
          document.getElementById('main')?.focus({ preventScroll: true });
        }
        isFirst.current = false;
      },
      (error: unknown) => {
        if (!isLeft) failure.value = error instanceof Error ? error : new Error(String(error));
      },
    );
    return () => {
      isLeft = true;
    };
  }, [view]);

  if (view === undefined) {
    return (
      <Empty title={t('error.notFound')}>
        <p>{t('error.notFoundHint')}</p>
        <a href="#/">{t('nav.overview')}</a>
      </Empty>
    );
  }
  if (view.needs !== undefined && !mayDo(view.needs)) {
    return (
      <Empty title={t('error.forbidden')}>
        <p>{t('error.forbiddenHint', { role: t(`role.${ACTIONS[view.needs]}`) })}</p>
      </Empty>
    );
  }
  if (failure.value !== null) return <ViewFailed error={failure.value} />;
  const current = loaded.value;
  if (current === null || current.view !== view) return <Loading />;
  const { Content } = current;
  return (
    <Boundary key={path.join('/')}>
      <Content path={rest} />
    </Boundary>
  );
}

function ViewFailed({ error }: { readonly error: Error }) {
  return (
    <Note tone="bad" title={t('shell.viewFailed')}>
      <p>{t('shell.viewFailedRemedy')}</p>
      <CodeBlock text={error.stack ?? error.message} of={t('shell.viewFailed')} />
      <div>
        <Button onClick={() => location.reload()}>{t('shell.reload')}</Button>
      </div>
    </Note>
  );
}

/** Shows a bug of a view instead of an empty page. */
class Boundary extends Component<{ readonly children: ComponentChildren }, { readonly error: Error | null }> {
  override state = { error: null };
  static override getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
  override render() {
    const { error } = this.state;
    return error === null ? this.props.children : <ViewFailed error={error} />;
  }
}

// The page: signs in with the code of a link, lists the imports, signs out. Texts of the API are shown as text, never as HTML.

/** One half of the session. It belongs to this origin; the other half is a cookie that scripts cannot read. */
const TOKEN = 'ecs-image-import.session';
const REFRESH_MS = 5_000;
const NEWEST = 50;

const SIGN_IN = 'Not signed in. Run `ecs-image-import open`, and open the link that it prints.';

const element = (id) => document.getElementById(id);

async function call(method, path, body) {
  const token = localStorage.getItem(TOKEN);
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    headers: {
      ...(token === null ? {} : { 'x-ecs-import-session': token }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const document = await response.json();
  if (response.ok) return document;
  throw Object.assign(new Error(`${document.detail}. ${document.remedy}`), { status: response.status });
}

/** Removes the code from the address bar and the history before it is sent. */
function takeCode() {
  const code = new URLSearchParams(location.hash.slice(1)).get('sign-in');
  if (code !== null) history.replaceState(null, '', location.pathname);
  return code;
}

function showMessage(text) {
  element('message').textContent = text;
  element('message').hidden = text === '';
}

/** A link for each OIDC issuer with sign-in. */
async function showProviders() {
  const { providers } = await call('GET', '/v1/session/oidc').catch(() => ({ providers: [] }));
  const links = providers.map((name) => {
    const link = document.createElement('a');
    link.href = `/v1/session/oidc/start?issuer=${encodeURIComponent(name)}`;
    link.textContent = `Sign in with ${name}`;
    return link;
  });
  element('providers').replaceChildren(...links);
  element('providers').hidden = links.length === 0;
}

function showSignedOut(text) {
  void showProviders();
  element('identity').hidden = true;
  element('imports').hidden = true;
  element('rows').replaceChildren();
  showMessage(text);
}

function rowOf({ id, request, state, progress, createdAt }) {
  const row = document.createElement('tr');
  const created = new Date(createdAt).toLocaleString();
  for (const text of [id, request.imageName, request.region, state, progress.phase, `${progress.percent} %`, created]) {
    const cell = document.createElement('td');
    cell.textContent = text;
    row.append(cell);
  }
  return row;
}

async function showImports() {
  const { imports } = await call('GET', `/v1/imports?limit=${NEWEST}`);
  element('rows').replaceChildren(...imports.map(rowOf));
  element('none').hidden = imports.length > 0;
  element('table').hidden = imports.length === 0;
  element('imports').hidden = false;
  showMessage(imports.length < NEWEST ? '' : `The newest ${NEWEST} imports. \`ecs-image-import list\` shows all.`);
}

let timer;

/** Until the session ends. A failed request is shown and repeated. */
async function refresh() {
  clearTimeout(timer);
  try {
    if (document.visibilityState === 'visible') await showImports();
  } catch (error) {
    if (error.status === 401) return showSignedOut(SIGN_IN);
    showMessage(error.message);
  }
  timer = setTimeout(refresh, REFRESH_MS);
}

async function open() {
  clearTimeout(timer);
  const code = takeCode();
  try {
    if (code !== null) localStorage.setItem(TOKEN, (await call('POST', '/v1/session', { code })).token);
    const { identity } = await call('GET', '/v1/session');
    element('name').textContent = `${identity.name} (${identity.role})`;
    element('sign-out').hidden = identity.id === 'anonymous';
    element('identity').hidden = false;
    element('providers').hidden = true;
    await refresh();
  } catch (error) {
    showSignedOut(error.status === 401 && code === null ? SIGN_IN : error.message);
  }
}

element('sign-out').addEventListener('click', async () => {
  clearTimeout(timer);
  try {
    await call('DELETE', '/v1/session');
  } catch (error) {
    if (error.status !== 401) return showMessage(error.message);
  }
  localStorage.removeItem(TOKEN);
  showSignedOut('Signed out.');
});
addEventListener('hashchange', open);
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && !element('imports').hidden) refresh();
});
await open();

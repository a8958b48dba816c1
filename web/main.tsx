/** Starts the page. */
import { render } from 'preact';
import './style/tokens.css';
import './style/base.css';
import './style/components.css';
import { App } from './app.js';
import { startLanguage } from './i18n.js';
import { openSession } from './session.js';
import './theme.js';

await startLanguage();
void openSession();
render(<App />, document.body);

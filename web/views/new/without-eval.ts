/** Imported before every schema: the policy of the page allows no compiled code, which zod would try first. */
import { config } from 'zod';

config({ jitless: true });

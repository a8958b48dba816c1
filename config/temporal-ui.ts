/** The path of Temporal's web interface: in the API, and on the embedded server, which writes it into its pages. */
export const TEMPORAL_UI_PATH = '/temporal';

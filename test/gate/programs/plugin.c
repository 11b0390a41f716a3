/* Loaded from inside the directory under test. */
int plugin_answer(void) { return 42; }

#!/usr/bin/env node
/** The `postern` executable: runs the program. */
import './program.js';

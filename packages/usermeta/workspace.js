#!/usr/bin/env -S node --conditions=@usermeta/source
import "./src/main.ts";

// The locale in parts, one a page: whoever adds a page adds a part in both languages (a test compares the keys).

import { common } from "./en/common.js";
import { login } from "./en/login.js";
import { home } from "./en/home.js";
import { reader } from "./en/reader.js";
import { projects } from "./en/projects.js";
import { site } from "./en/site.js";
import { errors } from "./en/errors.js";

export const en = { ...common, ...login, ...home, ...reader, ...projects, ...site, ...errors };

package dev.ficha.spring;

import java.util.List;
import tools.jackson.databind.JacksonModule;

/** Modules that read and write what Spring itself puts into sessions, by class names that they allow. */
record SpringAttributeModules(List<JacksonModule> modules) {}

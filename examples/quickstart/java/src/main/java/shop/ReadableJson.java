package shop;

import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.stereotype.Component;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.core.util.Separators.Spacing;
import tools.jackson.databind.json.JsonMapper;

/** {@code "name": "ada"}, as the services in other languages write it. */
@Component
class ReadableJson implements JsonMapperBuilderCustomizer {

    @Override
    public void customize(JsonMapper.Builder builder) {
        Separators separators = Separators.createDefaultInstance().withObjectNameValueSpacing(Spacing.AFTER);
        builder.defaultPrettyPrinter(new DefaultPrettyPrinter(separators));
    }
}

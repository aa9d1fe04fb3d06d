package bank.statements;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.springframework.boot.web.error.ErrorAttributeOptions;
import org.springframework.boot.webmvc.error.DefaultErrorAttributes;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.web.context.request.WebRequest;

/** Errors in the form that all of the bank's services have. */
@Component
class Errors extends DefaultErrorAttributes {

    @Override
    public Map<String, Object> getErrorAttributes(WebRequest request, ErrorAttributeOptions options) {
        HttpStatus status = HttpStatus.valueOf((Integer) super.getErrorAttributes(request, options).get("status"));
        var error = new LinkedHashMap<String, Object>();
        error.put("status", status.value());
        error.put("error", status.name().toLowerCase(Locale.ROOT));
        error.put("message", status.getReasonPhrase());
        return error;
    }
}

package dev.ficha.spring;

import dev.ficha.Decision;
import dev.ficha.Session;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.core.MethodParameter;
import org.springframework.web.bind.support.WebDataBinderFactory;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.method.support.ModelAndViewContainer;

/**
 * Parameters of handlers: {@link FichaSession} (made if there is none), {@link Session} (null if there is none),
 * {@link Decision} and {@link FichaCredential} (null on an error page of the container's).
 */
final class SessionArgumentResolver implements HandlerMethodArgumentResolver {

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
        Class<?> type = parameter.getParameterType();
        return type == FichaSession.class
                || type == Session.class
                || type == Decision.class
                || type == FichaCredential.class;
    }

    @Override
    public Object resolveArgument(
            MethodParameter parameter,
            ModelAndViewContainer container,
            NativeWebRequest webRequest,
            WebDataBinderFactory binderFactory) {
        var request = webRequest.getNativeRequest(HttpServletRequest.class);
        if (parameter.getParameterType() == FichaSession.class) {
            return request.getSession().getAttribute(FichaSession.SELF);
        }
        RequestState state = RequestState.of(request);
        if (state == null) return null;
        if (parameter.getParameterType() == FichaCredential.class) return FichaCredential.of(request);
        return parameter.getParameterType() == Decision.class ? state.decision() : state.admitted();
    }
}

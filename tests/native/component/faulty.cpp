// Errors that tell more than their number: ISupportErrorInfo, and the error of a thread (R11.10).
#include "counted.h"
#include "factory.h"
#include "faces.h"

namespace {
BSTR kept(BSTR text) { return text ? SysAllocStringByteLen(text, SysStringByteLen(text)) : nullptr; }

class Told final : public IErrorInfo, public Counted {
public:
    Told(BSTR description, BSTR help, uint32_t context)
        : Counted(static_cast<void *>(this), sizeof(Told)), description(kept(description)), help(kept(help)), context(context) {}
    ~Told() override
    {
        SysFreeString(description);
        SysFreeString(help);
    }
    COUNTED
    OFFERS(IErrorInfo)

    HRESULT GetGUID(GUID *guid) override { CALL; *guid = IFaulty::IID; return S_OK; }
    HRESULT GetSource(BSTR *source) override { CALL; *source = bstr("component.Faulty"); return S_OK; }
    HRESULT GetDescription(BSTR *text) override { CALL; *text = kept(description); return S_OK; }
    HRESULT GetHelpFile(BSTR *file) override { CALL; *file = kept(help); return S_OK; }
    HRESULT GetHelpContext(uint32_t *number) override { CALL; *number = context; return S_OK; }

private:
    BSTR description, help;
    uint32_t context;
};

void tell(BSTR description, BSTR help, uint32_t context)
{
    Told *told = new Told(description, help, context);
    SetErrorInfo(0, told);
    told->Release();
}

class Faulty final : public IFaulty, public ISupportErrorInfo, public Counted {
public:
    NAMED(Faulty)
    COUNTED
    OFFERS(IFaulty, ISupportErrorInfo)

    HRESULT Fail(HRESULT code, int32_t rich) override
    {
        CALL;
        if (rich) {
            BSTR text = bstr("the disk is full");
            tell(text, nullptr, 0);
            SysFreeString(text);
        }
        return code;
    }
    HRESULT FailWith(HRESULT code, BSTR description, BSTR help, uint32_t context) override
    {
        CALL;
        tell(description, help, context);
        return code;
    }
    HRESULT Support(int32_t yes) override { CALL; supports = yes; return S_OK; }
    HRESULT InterfaceSupportsErrorInfo(const GUID &iid) override { CALL; return supports && iid == IFaulty::IID ? S_OK : S_FALSE; }

private:
    int32_t supports = 1;
};
}

void tell_error(const char *description)
{
    BSTR text = bstr(description), help = bstr("told.chm");
    tell(text, help, 7);
    SysFreeString(text);
    SysFreeString(help);
}

HRESULT make_faulty(const GUID &iid, void **out) { return made<Faulty>(iid, out); }

// The component's own interfaces, in the order of their slots. `component.idl` says the same for Python.
#ifndef FACES_H
#define FACES_H
#include "com.h"

#define OWN(number) {number, 0xCA11, 0x4A7E, {0x80, 0, 0xC0, 0xDE, 0xC0, 0xDE, 0xC0, 0xDE}}
#define FACE(name, base, number) struct name : base { static constexpr GUID IID = OWN(number);
#define END };

struct Point { int32_t x, y; };
struct Extent { double width, height, depth; };
enum Colour : int32_t { RED, GREEN, BLUE };
struct ICallee;
struct IHolder;
struct IShape;

FACE(INamed, IUnknown, 0x01)
    virtual HRESULT get_Name(BSTR *value) = 0;
    virtual HRESULT put_Name(BSTR value) = 0;
END
FACE(IShape, IUnknown, 0x02)
    virtual HRESULT Area(double *area) = 0;
    virtual HRESULT Scale(double factor) = 0;
END
FACE(ISquare, IShape, 0x03)
    virtual HRESULT Side(double *side) = 0;
    virtual HRESULT SetSide(double side) = 0;
END
FACE(IValues, IUnknown, 0x04)
    virtual HRESULT Truths(VARIANT_BOOL a, int32_t b, VARIANT_BOOL *both) = 0;
    virtual HRESULT Integers(int8_t a, uint8_t b, int16_t c, uint16_t d, int32_t e, uint32_t f, int64_t g, uint64_t h,
                             int64_t *sum) = 0;
    virtual HRESULT Reals(float a, double b, double *product) = 0;
    virtual HRESULT Join(BSTR a, BSTR b, BSTR *joined) = 0;
    virtual HRESULT Upper(BSTR *text) = 0;
    virtual HRESULT Split(BSTR text, BSTR *head, BSTR *tail) = 0;
    virtual HRESULT Units(const char16_t *text, int32_t *units) = 0;
    virtual HRESULT Bytes(const char *text, int32_t *bytes) = 0;
    virtual HRESULT Echo(VARIANT value, VARIANT *same) = 0;
    virtual HRESULT Kind(VARIANT value, int32_t *vt) = 0;
    virtual HRESULT Change(VARIANT *value) = 0;
    virtual HRESULT Sum(SAFEARRAY *values, int64_t *sum) = 0;
    virtual HRESULT Range(int32_t count, SAFEARRAY **values) = 0;
    virtual HRESULT Turn(SAFEARRAY **texts) = 0;
    virtual HRESULT Later(DATE day, double days, DATE *then) = 0;
    virtual HRESULT Negate(DECIMAL value, DECIMAL *negated) = 0;
    virtual HRESULT Twice(CY amount, CY *doubled) = 0;
    virtual HRESULT Flip(GUID value, GUID *flipped) = 0;
    virtual HRESULT Average(const double *values, int32_t count, double *average) = 0;
    virtual HRESULT Squares(int32_t count, int32_t *values) = 0;
    virtual HRESULT Following(Colour colour, Colour *next) = 0;
    virtual HRESULT Grow(DECIMAL *value, GUID *id, DATE *day) = 0;
END
FACE(IValueTypes, IUnknown, 0x05)
    virtual HRESULT M1(DATE value) = 0;
    virtual HRESULT M2(GUID value) = 0;
    virtual HRESULT M3(DECIMAL value) = 0;
    virtual HRESULT M4(OLE_COLOR value) = 0;
    virtual HRESULT SetPoint(Point point) = 0;
    virtual HRESULT SetPointRef(Point *point) = 0;
    virtual HRESULT GetPoint(Point *point) = 0;
END
FACE(ILinks, IUnknown, 0x06)
    virtual HRESULT Self(IShape **shape) = 0;
    virtual HRESULT SelfUnknown(IUnknown **unknown) = 0;
    virtual HRESULT As(const GUID &iid, void **found) = 0;
    virtual HRESULT Measure(IShape *shape, double *area) = 0;
    virtual HRESULT Swap(IShape **shape) = 0;
    virtual HRESULT Pass(IShape *shape, IShape **same) = 0;
    virtual HRESULT Store(IUnknown *object) = 0;
    virtual HRESULT Stored(IUnknown **object) = 0;
    virtual HRESULT Both(INamed **named, IShape **shape) = 0;
    virtual HRESULT Maybe(int32_t give, IShape **shape) = 0;
    virtual HRESULT Total(IShape **shapes, int32_t count, double *area) = 0;
    virtual HRESULT Wrap(VARIANT *unknown) = 0;
END
FACE(ISignatures, IUnknown, 0x07)
    virtual uint32_t Version() = 0;
    virtual double Ratio(int32_t a, int32_t b) = 0;
    virtual void Touch() = 0;
    virtual const char *Label() = 0;
    virtual BSTR Title() = 0;
    virtual Point Origin() = 0;
    virtual Extent Box() = 0;
    virtual HRESULT Next(int32_t count, int32_t *values, int32_t *fetched) = 0;
    virtual HRESULT Say(HRESULT code) = 0;
    virtual HRESULT SayAndGive(HRESULT code, int32_t *value) = 0;
    virtual IShape *Borrow() = 0;
    virtual IShape *Own() = 0;
END
FACE(ICalculator, IDispatch, 0x10)
    virtual HRESULT get_Total(int32_t *value) = 0;
    virtual HRESULT put_Total(int32_t value) = 0;
    virtual HRESULT Add(int32_t a, int32_t b, int32_t *sum) = 0;
    virtual HRESULT Divide(int32_t a, int32_t b, int32_t *quotient) = 0;
    virtual HRESULT get_Item(BSTR key, VARIANT *value) = 0;
    virtual HRESULT put_Item(BSTR key, VARIANT value) = 0;
    virtual HRESULT get_Partner(IDispatch **partner) = 0;
    virtual HRESULT putref_Partner(IDispatch *partner) = 0;
END
FACE(ICollection, IDispatch, 0x11)
    virtual HRESULT get_Count(int32_t *count) = 0;
    virtual HRESULT get_Item(int32_t index, VARIANT *value) = 0;
    virtual HRESULT get__NewEnum(IUnknown **values) = 0;
    virtual HRESULT Append(VARIANT value) = 0;
END
FACE(IFaulty, IUnknown, 0x12)
    virtual HRESULT Fail(HRESULT code, int32_t rich) = 0;
    virtual HRESULT FailWith(HRESULT code, BSTR description, BSTR help, uint32_t context) = 0;
    virtual HRESULT Support(int32_t yes) = 0;
END
constexpr GUID IID_DRecorder = OWN(0x13);

FACE(ISource, IUnknown, 0x14)
    virtual HRESULT Fire(int32_t value, int32_t *sinks) = 0;
    virtual HRESULT FireLate(int32_t value, BSTR text, int32_t *sinks) = 0;
    virtual HRESULT FireFromThread(int32_t value, int32_t late) = 0;
    virtual HRESULT Wait(int32_t *thread) = 0;
    virtual HRESULT Ask(int32_t value, int32_t *changed) = 0;
    virtual HRESULT AskLate(int32_t value, int32_t *changed) = 0;
    virtual HRESULT LastResult(HRESULT *result) = 0;
END
FACE(ISourceEvents, IUnknown, 0x15)
    virtual HRESULT OnValue(int32_t value) = 0;
    virtual HRESULT OnText(BSTR text) = 0;
    virtual HRESULT OnAsk(int32_t *value) = 0;
END
constexpr GUID IID_DSourceEvents = OWN(0x16);

FACE(IWorker, IUnknown, 0x17)
    virtual HRESULT Work(int32_t milliseconds, int32_t *thread) = 0;
    virtual HRESULT Meet(int32_t callers, int32_t milliseconds, int32_t *met) = 0;
    virtual HRESULT Overlap(int32_t *most) = 0;
    virtual HRESULT Home(int32_t *thread) = 0;
    virtual HRESULT PassOn(IWorker *other, int32_t depth, int32_t *deepest) = 0;
END
FACE(IInner, IUnknown, 0x18)
    virtual HRESULT Inside(int32_t *aggregated) = 0;
END
FACE(IRogue, IUnknown, 0x19)
    virtual HRESULT Nothing(IShape **shape) = 0;
    virtual HRESULT Uncounted(IShape **shape) = 0;
    virtual HRESULT Borrowed(IShape **shape) = 0;
    virtual HRESULT Leak(IShape **shape) = 0;
    virtual HRESULT OverRelease(IUnknown *object) = 0;
    virtual HRESULT FailAndGive(IShape **shape) = 0;
    virtual HRESULT Throw() = 0;
    virtual HRESULT Crash() = 0;
END
FACE(IMissing, IUnknown, 0x23)
    virtual HRESULT Never() = 0;
END

// What Python implements, and native code calls.
FACE(ICallee, IUnknown, 0x20)
    virtual HRESULT Step(int32_t number, int32_t *answer) = 0;
    virtual HRESULT Say(BSTR text, BSTR *answer) = 0;
    virtual HRESULT Divide(int32_t a, int32_t b, int32_t *quotient) = 0;
    virtual HRESULT Again(IHolder *holder, int32_t depth, int32_t *deepest) = 0;
    virtual HRESULT Shape(IShape **shape) = 0;
END
FACE(IHolder, IUnknown, 0x21)
    virtual HRESULT Keep(IUnknown *object) = 0;
    virtual HRESULT Drop() = 0;
    virtual HRESULT Kept(IUnknown **object) = 0;
    virtual HRESULT CallBack(int32_t times, int32_t *sum) = 0;
    virtual HRESULT CallFromThread(int32_t times, int32_t *sum) = 0;
    virtual HRESULT Start(int32_t times) = 0;
    virtual HRESULT Wait(int32_t *sum, HRESULT *result) = 0;
    virtual HRESULT Deeper(int32_t depth, int32_t *deepest) = 0;
    virtual HRESULT Same(IUnknown *a, IUnknown *b, VARIANT_BOOL *same) = 0;
    virtual HRESULT Address(IUnknown *object, uint64_t *identity) = 0;
    virtual HRESULT DropFromThread() = 0;
END
FACE(IProbe, IUnknown, 0x22)
    virtual HRESULT Ask(IUnknown *object, GUID iid, HRESULT *answer) = 0;
    virtual HRESULT Laws(IUnknown *object, BSTR *faults) = 0;
    virtual HRESULT Counts(IUnknown *object, int32_t *before, int32_t *after) = 0;
    virtual HRESULT Nulls(ICallee *callee, HRESULT *answer) = 0;
    virtual HRESULT Say(ICallee *callee, BSTR text, BSTR *answer) = 0;
    virtual HRESULT Divide(ICallee *callee, int32_t a, int32_t b, HRESULT *answer, int32_t *quotient) = 0;
    virtual HRESULT Description(BSTR *text, BSTR *source) = 0;
    virtual HRESULT Supports(IUnknown *object, GUID iid, HRESULT *answer) = 0;
    virtual HRESULT Values(IValues *values, BSTR *faults) = 0;
    virtual HRESULT Dispid(IDispatch *object, BSTR name, HRESULT *answer, DISPID *id) = 0;
    virtual HRESULT Invoke(IDispatch *object, DISPID id, int32_t flags, SAFEARRAY *arguments, HRESULT *answer,
                           VARIANT *result, int32_t *wrong) = 0;
    virtual HRESULT Exception(BSTR *source, BSTR *description, HRESULT *code) = 0;
    virtual HRESULT ClassOf(IUnknown *object, GUID *clsid) = 0;
    virtual HRESULT Items(IUnknown *collection, int32_t *count) = 0;
END

// Shapes of other ecosystems.
FACE(IBig, IUnknown, 0x1A)
    virtual HRESULT Twice(int32_t value, int32_t *twice) = 0;
END
struct ISlots : IUnknown {
    static constexpr GUID IID = OWN(0x1B);
    virtual ~ISlots() {}  // two slots behind Release
    virtual HRESULT Twice(int32_t value, int32_t *twice) = 0;
END
FACE(IAfter, IUnknown, 0x1D)
    virtual Extent *Measure(Extent *result, double scale) = 0;
    virtual Point *Place(Point *result) = 0;
END
struct Tracked : Extent {
    explicit Tracked(double scale) : Extent{scale, 2 * scale, 3 * scale} {}
    Tracked(const Tracked &other) : Extent(other) {}
    ~Tracked() {}
};
FACE(IBefore, IUnknown, 0x1E)
    virtual Tracked Measure(double scale) = 0;
END
#define MS __attribute__((ms_abi))
struct IMicrosoft {
    static constexpr GUID IID = OWN(0x1F);
    virtual HRESULT MS QueryInterface(const GUID &iid, void **out) = 0;
    virtual ULONG MS AddRef() = 0;
    virtual ULONG MS Release() = 0;
    virtual HRESULT MS Mix(int32_t a, double b, int64_t c, float d, int32_t e, double *sum) = 0;
    virtual HRESULT MS Shift(Extent box, double by, Extent *shifted) = 0;
    virtual HRESULT MS Each(ICallee *callee, int32_t times, int32_t *sum) = 0;
END

// Classes of the component.
#define CLASS(name, number) constexpr GUID CLSID_##name = OWN(0x100 + number)
CLASS(Widget, 0x01);
CLASS(Calculator, 0x02);
CLASS(Recorder, 0x03);
CLASS(Collection, 0x04);
CLASS(Faulty, 0x05);
CLASS(Source, 0x06);
CLASS(Bound, 0x07);
CLASS(Free, 0x08);
CLASS(Described, 0x09);        // IProvideClassInfo2, whose GetGUID answers the CLSID
CLASS(DescribedBySource, 0x0A);  // IProvideClassInfo2, whose GetGUID answers the events' IID, as is usual
CLASS(DescribedByInfo, 0x0B);  // IProvideClassInfo only
CLASS(Inner, 0x0C);
CLASS(Outer, 0x0D);
CLASS(Rogue, 0x0E);
CLASS(TwoFaced, 0x0F);         // its interfaces answer different IUnknowns
CLASS(Faceless, 0x10);         // does not answer for IUnknown
CLASS(Big, 0x11);
CLASS(Slots, 0x12);
CLASS(Shifted, 0x13);          // its vtable pointer stands at offset 8
CLASS(After, 0x14);
CLASS(Before, 0x15);
CLASS(Microsoft, 0x16);
CLASS(Holder, 0x17);
#undef CLASS
constexpr GUID IID_IShifted = OWN(0x1C);
#undef END
#endif
